"""The decoder of `nca-fixed-2` a second time, in NumPy int64, written from the format's table alone.

It is plain and slow on purpose. It computes the d x d places in a cell one by one, and rolls whole fields to find
neighbours.
"""

import numpy as np

from oracle import mix

__all__ = ["colors", "decode", "grain", "painted_colors"]


def decode(decoder, state, d):
    """(height * d, width * d, 3) uint8."""
    return to_bytes(colors(decoder, state, d))


def colors(decoder, state, d):
    """(3, height * d, width * d) int64 in [-4094, 4094]."""
    return painted_colors([decoder], state, np.zeros(state.shape[1:], dtype=int), d)


def painted_colors(decoders, state, owners, d):
    """Each cell with its owner's decoder. A cell whose owner has none is a square of its colour."""
    picture = np.zeros((3, d * state.shape[1], d * state.shape[2]), dtype=int)
    for i in range(d):
        for j in range(d):
            p = interpolated(state, owners, i, j, d)
            choices = [state[:3] if each is None else place(each, p, i, j, d) for each in decoders]
            picture[:, i::d, j::d] = np.choose(owners, choices)
    return picture


def place(decoder, p, i, j, d):
    """The colours of pixel (i, j) of each cell: (3, height, width)."""
    noise = grain(d * p.shape[1], d * p.shape[2], decoder.grain)[:, i::d, j::d]
    seen = np.concatenate([p, noise])
    acc = np.einsum("hp,pyx->hyx", decoder.w1, seen) + decoder.b1[:, None, None]
    hidden = np.clip(acc // 2 ** decoder.k1[:, None, None], 0, 1023)
    acc = np.einsum("ch,hyx->cyx", decoder.w2, hidden) + decoder.b2[:, None, None]
    color = (acc + 2 ** (decoder.k2[:, None, None] - 1)) // 2 ** decoder.k2[:, None, None]
    return np.clip(color + decoder.skip * p[:3], -4094, 4094)


def interpolated(state, owners, i, j, d):
    """(C, height, width): the state at pixel (i, j) of each cell."""
    total = np.zeros_like(state)
    for y, down in spline(i, d):
        row = np.zeros_like(state)
        for x, across in spline(j, d):
            same = np.roll(owners, (-y, -x), (0, 1)) == owners
            row += across * np.where(same, np.roll(state, (-y, -x), (1, 2)), state)
        total += down * (2 * row // (d * d))
    return (total + 64 * d * d) // (128 * d * d)


def spline(i, d):
    """The cells before, at and after pixel i of a cell, with their weights."""
    e = 2 * i + 1 - d
    return (-1, (d - e) ** 2), (0, 6 * d**2 - 2 * e**2), (1, (d + e) ** 2)


def grain(height, width, inputs):
    """(inputs, height, width) in [-1024, 1023]."""
    columns, rows = np.arange(width, dtype=np.uint32), np.arange(height, dtype=np.uint32)[:, None]
    cells = mix(mix(columns) + rows)
    each = [mix(cells + np.uint32(number)) >> np.uint32(21) for number in range(inputs)]
    return np.array(each, dtype=int).reshape(inputs, height, width) - 1024


def to_bytes(picture):
    byte = np.clip(((picture + 512) * 255 + 512) // 1024, 0, 255)
    return byte.transpose(1, 2, 0).astype(np.uint8)
