"""Colour spaces by their published matrices, their profiles byte by byte, and PNG chunks."""

import struct
import zlib

import numpy as np

__all__ = ["SPACES", "chunk", "encoded", "grey_profile", "ink_profile", "rgb_profile", "tagged"]

# Linear red, green and blue in XYZ under D50, as the profiles of these spaces give them, and their gammas.
SPACES = {
    "sRGB": ([[0.43607, 0.22249, 0.01392], [0.38515, 0.71687, 0.09708], [0.14307, 0.06061, 0.71410]], "sRGB"),
    "Display P3": ([[0.51512, 0.24120, -0.00105], [0.29198, 0.69225, 0.04189], [0.15710, 0.06657, 0.78407]], "sRGB"),
    "Adobe RGB": ([[0.60974, 0.31111, 0.01947], [0.20528, 0.62567, 0.06087], [0.14919, 0.06322, 0.74457]], 563 / 256),
    "linear": ([[0.43607, 0.22249, 0.01392], [0.38515, 0.71687, 0.09708], [0.14307, 0.06061, 0.71410]], 1.0),
}


def fixed(*values):
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def curve(gamma):
    if gamma == "sRGB":
        return b"para" + bytes(4) + struct.pack(">HH", 3, 0) + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return struct.pack(">4s4xIH2x", b"curv", 1, round(gamma * 256))


def profile(colours, tags, version=4, kind=b"mntr", between=b"XYZ "):
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(data), len(content))
        data += content
    head = kind + colours + between + bytes(12) + b"acsp" + bytes(28) + fixed(0.9642, 1, 0.8249) + bytes(48)
    return struct.pack(">I4xI", 128 + len(table) + len(data), version << 24) + head + table + data


def rgb_profile(space):
    matrix, gamma = SPACES[space]
    tags = {
        name: b"XYZ \0\0\0\0" + fixed(*colour) for name, colour in zip((b"rXYZ", b"gXYZ", b"bXYZ"), matrix, strict=True)
    }
    return profile(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve(gamma)))


def grey_profile(gamma):
    return profile(b"GRAY", {b"wtpt": b"XYZ \0\0\0\0" + fixed(0.9642, 1, 0.8249), b"kTRC": curve(gamma)})


def ink_profile(colours):
    """CMYK by a table of 2^4 corners: colours[c, m, y, k] is (L, a, b), between them it is linear."""
    levels = np.arange(256, dtype=np.uint8).tobytes()
    corners = np.asarray(colours, float).reshape(16, 3) * (2.55, 1, 1) + (0, 128, 128)
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    table += levels * 4 + corners.round().astype(np.uint8).tobytes() + levels * 3
    return profile(b"CMYK", {b"A2B0": table}, version=2, kind=b"prtr", between=b"Lab ")


def encoded(pixels, space):
    """sRGB bytes as bytes of another space, of colours that it holds."""
    value = pixels / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    matrix, gamma = SPACES[space]
    there = (linear @ np.array(SPACES["sRGB"][0]) @ np.linalg.inv(matrix)).clip(0, 1)
    if gamma == "sRGB":
        there = np.where(there <= 0.0031308, 12.92 * there, 1.055 * there ** (1 / 2.4) - 0.055)
    else:
        there = there ** (1 / gamma)
    return (there * 255).round().astype(np.uint8)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tagged(png, *chunks):
    """A PNG file's content with more chunks (kind, data) after its header."""
    return png[:33] + b"".join(chunk(*each) for each in chunks) + png[33:]
