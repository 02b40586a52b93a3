"""TIFF files of values that Pillow reads but does not write."""

import struct

import numpy as np

__all__ = ["tiff"]

KINDS = {"u": 1, "i": 2, "f": 3}  # the tag SampleFormat


def tiff(values, order="<"):
    """An uncompressed TIFF file's content: (height, width) or (height, width, 3 or 4) of any type of numbers."""
    height, width, samples = np.atleast_3d(values).shape
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    entries = {256: width, 257: height, 259: 1, 262: 2 if samples > 1 else 1, 273: None, 277: samples}
    entries |= {278: height, 279: len(data), 339: None}
    bits = struct.pack(f"{order}{samples}H", *[values.dtype.itemsize * 8] * samples)
    kinds = struct.pack(f"{order}{samples}H", *[KINDS[values.dtype.kind]] * samples)
    after = 8 + 2 + 12 * (len(entries) + 1) + 4
    table = []
    for tag, value in sorted((entries | {258: None}).items()):
        if tag == 273:
            value = after + 2 * len(bits)
        if tag in (258, 339):
            packed = bits if tag == 258 else kinds
            place = struct.pack(f"{order}I", after + (len(bits) if tag == 339 else 0))
            table.append(
                struct.pack(f"{order}HHI", tag, 3, samples) + (packed.ljust(4, b"\0") if samples < 3 else place)
            )
        else:
            table.append(struct.pack(f"{order}HHII", tag, 4, 1, value))
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, len(table))
    return head + b"".join(table) + bytes(4) + bits + kinds + data
