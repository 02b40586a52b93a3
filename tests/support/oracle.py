"""`nca-fixed-1` a second time: NumPy int64, written from the format's table and nothing else.

Plain on purpose, and slow: no lanes, no fused sums, a roll for each neighbour.
"""

import math

import numpy as np

__all__ = ["disc", "erase", "mask", "painted_rollout", "perceive", "restore", "rgb_bytes", "rollout", "step"]

SOBEL_X = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
SOBEL_Y = [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]
LAPLACIAN = [[1, 2, 1], [2, -12, 2], [1, 2, 1]]


def rollout(rule, state, steps, *, seed, first=0):
    """(C, height, width) int64, after steps first, first + 1, ..."""
    for number in range(first, first + steps):
        state = step(rule, state, mask(*state.shape[1:], seed, number, rule.update))
    return state


def step(rule, state, mask, seen=None):
    seen = perceive(state) if seen is None else seen
    acc = np.einsum("hp,pyx->hyx", rule.w1, seen) + rule.b1[:, None, None]
    hidden = np.clip(acc // 2 ** rule.k1[:, None, None], 0, 1023)
    acc = np.einsum("ch,hyx->cyx", rule.w2, hidden)
    update = (acc + 2 ** (rule.k2[:, None, None] - 1)) // 2 ** rule.k2[:, None, None]
    return np.clip(state + mask * update, -2047, 2047)


def painted_rollout(rules, state, owners, slowness, turn, steps, *, seed, first=0):
    """Each cell by its owner's rule, its update rate halved so many times, all slopes turned."""
    for number in range(first, first + steps):
        moved = [turned_step(rule, state, turn, mask_of(state, seed, number, rule, slowness)) for rule in rules]
        state = np.choose(owners, moved)
    return state


def mask_of(state, seed, number, rule, slowness):
    return mask(*state.shape[1:], seed, number, rule.update >> slowness)


def turned_step(rule, state, turn, mask):
    return step(rule, state, mask, turned(perceive(state), turn))


def turned(seen, turn):
    cosine, sine = round(1024 * math.cos(turn * math.pi / 128)), round(1024 * math.sin(turn * math.pi / 128))
    here, x, y, laplacian = np.split(seen, 4)
    across = np.clip((cosine * x + sine * y + 512) // 1024, -2047, 2047)
    down = np.clip((cosine * y - sine * x + 512) // 1024, -2047, 2047)
    return np.concatenate([here, across, down, laplacian])


def perceive(state):
    """Filter-major: (4C, height, width)."""
    x = (correlate(state, SOBEL_X) + 4) // 8
    y = (correlate(state, SOBEL_Y) + 4) // 8
    laplacian = np.clip((correlate(state, LAPLACIAN) + 8) // 16, -2047, 2047)
    return np.concatenate([state, x, y, laplacian])


def correlate(state, kernel):
    """On the torus; kernel[1 + dy][1 + dx] weighs the neighbour at (x + dx, y + dy)."""
    total = np.zeros_like(state)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            total += kernel[1 + dy][1 + dx] * np.roll(state, (-dy, -dx), axis=(1, 2))
    return total


def mask(height, width, seed, step, update):
    """0 or 1 a cell, (height, width): the top byte of a hash of pair, y, step and seed, below the update rate.

    Odd steps take the columns one further to the right. A pair's right cell has the byte's top bit flipped.
    """
    key = mix(mix(uint32(seed + 0x9E3779B9)) + uint32(step))
    columns = [(column - step % 2) % width for column in range(width)]
    pairs = np.array([column // 2 for column in columns], dtype=np.uint32)
    flips = np.array([128 * (column % 2) for column in columns], dtype=np.uint32)
    rows = np.arange(height, dtype=np.uint32)[:, None]
    dice = mix(mix(pairs + key) + rows) >> np.uint32(24)
    return ((dice ^ flips) < update).astype(np.int64)


def mix(x):
    """Chris Wellons' lowbias32, in arithmetic that wraps around at 2^32."""
    x = x ^ x >> np.uint32(16)
    x = x * np.uint32(0x7FEB352D)
    x = x ^ x >> np.uint32(15)
    x = x * np.uint32(0x846CA68B)
    return x ^ x >> np.uint32(16)


def uint32(value):
    """An array of one: NumPy warns where a scalar wraps around."""
    return np.array([value % 2**32], dtype=np.uint32)


def rgb_bytes(state):
    """(height, width, 3) uint8."""
    byte = np.clip(((state[:3] + 512) * 255 + 512) // 1024, 0, 255)
    return byte.transpose(1, 2, 0).astype(np.uint8)


def erase(state, x, y, radius):
    return restore(state, np.zeros_like(state), x, y, radius)


def restore(state, kept, x, y, radius):
    return np.where(disc(*state.shape[1:], x, y, radius), kept, state)


def disc(height, width, x, y, radius):
    """Whether each cell, or a copy of it around the torus, is within the radius of column x, row y."""
    inside = np.zeros((height, width), dtype=bool)
    for row in range(height):
        for column in range(width):
            across = min((column - x) % width, (x - column) % width)
            down = min((row - y) % height, (y - row) % height)
            inside[row, column] = across**2 + down**2 <= radius**2
    return inside
