"""A colour profile written from primaries and a curve: the little of ICC.1 that PNG's gAMA and cHRM can say."""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["SRGB_CURVE", "SRGB_PRIMARIES", "matrix_profile"]

SRGB_PRIMARIES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)  # x and y of white, red, green, blue
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # IEC 61966-2-1, as (g, a, b, c, d) of ICC.1
D50 = np.array([0.9642, 1, 0.8249])  # in which profiles speak
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])  # ICC.1, annex E


def matrix_profile(curve: Sequence[float], primaries: Sequence[float]) -> bytes:
    """An ICC profile of version 4 of a display.

    curve: the parameters of ICC.1's parametric curve, one (a gamma) or five, the same for red, green and blue.
    primaries: x and y of white, red, green and blue. Raises LinAlgError or ZeroDivisionError where they span nothing.
    """
    names = (b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt", b"rTRC", b"gTRC", b"bTRC")
    colours = [b"XYZ \0\0\0\0" + _fixed(*colour) for colour in (*_matrix(primaries).T, D50)]
    shared = b"para\0\0\0\0" + struct.pack(">HH", {1: 0, 5: 3}[len(curve)], 0) + _fixed(*curve)
    return _profile(dict(zip(names, [*colours, shared, shared, shared], strict=True)))


def _matrix(primaries: Sequence[float]) -> NDArray[np.float64]:
    """Linear red, green and blue to XYZ under D50."""
    pairs = zip(primaries[::2], primaries[1::2], strict=True)
    white, *colours = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in pairs)
    matrix = np.stack(colours, 1)
    matrix = matrix * np.linalg.solve(matrix, white)  # so that all three together are white
    adapted = np.diag(BRADFORD @ D50 / (BRADFORD @ white))
    under_d50: NDArray[np.float64] = np.linalg.inv(BRADFORD) @ adapted @ BRADFORD @ matrix
    return under_d50


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _profile(tags: dict[bytes, bytes]) -> bytes:
    """Header, table and contents, each of which is a multiple of 4 bytes."""
    table, data, begin = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", begin + len(data), len(content))
        data += content
    sizes = struct.pack(">I4xI", begin + len(data), 4 << 24)
    header = sizes + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28) + _fixed(*D50) + bytes(48)
    return header + table + data
