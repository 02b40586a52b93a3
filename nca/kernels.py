"""The parts of a training step that are no matrix products, compiled for the CPU by Numba.

A state is (H, W, C) int16, the rule's integers; a line of it is its W * C values. The loops run over
whole lines, so that LLVM makes vector code of them whatever C is. The cells that the mask picks are
listed line by line: `columns` (picked,) holds their columns, and line y's are at starts[y]:starts[y + 1].
Half-precision matrices are bfloat16, seen here as their uint16 bits. No kernel allocates more than a line.
"""

import numpy as np
from numba import njit, types
from numba.extending import overload

from nca.rule import HIDDEN_MAX, STATE_MAX

__all__ = ["activate", "encode", "gate", "gather", "perceive", "pick", "spread", "update"]

compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath=True)
f32, i32, u32 = np.float32, np.int32, np.uint32


@compiled
def pick(key, first_row, step, rate, shape, columns, starts):
    """nca.mask.mask's cells of rows first_row, first_row + 1, ...: fills columns and starts; returns their number."""
    height, width = shape
    pairs = np.empty((width + 1) // 2, u32)
    dice = np.empty_like(pairs)
    for pair in range(len(pairs)):
        pairs[pair] = _mix(u32(pair + key))
    picked = 0
    for y in range(height):
        starts[y] = picked
        for pair in range(len(pairs)):
            dice[pair] = _mix(u32(pairs[pair] + first_row + y)) >> 24
        for place in range(width):
            x = place + (step & 1)
            columns[picked] = x if x < width else 0
            picked += (dice[place >> 1] ^ (place & 1) << 7) < rate
    starts[height] = picked
    return picked


@compiled
def _mix(x):
    x = u32(x ^ (x >> 16))  # Numba widens to 64 bits what is not told otherwise
    x = u32(x * u32(0x7FEB352D))
    x = u32(x ^ (x >> 15))
    x = u32(x * u32(0x846CA68B))
    return u32(x ^ (x >> 16))


@compiled
def perceive(state, columns, starts, rows):
    """What the picked cells see, as nca.rollout.perceive: rows (picked, 4C), in the state's units."""
    height, width, C = state.shape
    lines = state.reshape(height, -1)
    smooth, slope = np.empty((width + 2) * C, f32), np.empty((width + 2) * C, f32)  # down the columns, wrapped
    seen = np.empty((4, width * C), rows.dtype)
    seen_words, row_words = seen.view(np.int64).reshape(4, width, -1), rows.view(np.int64)
    for y in range(height):
        here = lines[y]
        _columns(lines[y - 1], here, lines[(y + 1) % height], smooth[C:-C], slope[C:-C])
        _wrap(smooth, C)
        _wrap(slope, C)
        _identity(here, seen[0])
        _sobel_x(smooth[: -2 * C], smooth[2 * C :], seen[1])
        _sobel_y(slope[: -2 * C], slope[C:-C], slope[2 * C :], seen[2])
        _laplacian(smooth[: -2 * C], smooth[C:-C], smooth[2 * C :], here, seen[3])
        first, last = starts[y], starts[y + 1]
        _copy_picked(seen_words, columns[first:last], row_words[first:last])


@compiled
def _columns(above, here, below, smooth, slope):
    for k in range(len(here)):
        a, b = f32(above[k]), f32(below[k])
        smooth[k] = a + f32(2) * f32(here[k]) + b
        slope[k] = b - a


@compiled
def _wrap(line, C):
    end = len(line) - C
    for c in range(C):
        line[c] = line[end - C + c]
        line[end + c] = line[C + c]


@compiled
def _identity(here, seen):
    for k in range(len(here)):
        seen[k] = _to(seen, f32(here[k]))


@compiled
def _sobel_x(left, right, seen):
    for k in range(len(seen)):
        seen[k] = _to(seen, np.floor((right[k] - left[k] + f32(4)) * f32(1 / 8)))


@compiled
def _sobel_y(left, middle, right, seen):
    for k in range(len(seen)):
        seen[k] = _to(seen, np.floor((left[k] + f32(2) * middle[k] + right[k] + f32(4)) * f32(1 / 8)))


@compiled
def _laplacian(left, middle, right, here, seen):
    for k in range(len(seen)):
        around = left[k] + f32(2) * middle[k] + right[k] - f32(16) * f32(here[k])
        seen[k] = _to(seen, min(max(np.floor((around + f32(8)) * f32(1 / 16)), f32(-STATE_MAX)), f32(STATE_MAX)))


@compiled
def _copy_picked(seen, columns, rows):
    """In words of 64 bits, (4, W, words) to (picked, 4 * words): C is too short for LLVM to make vectors of it."""
    words = seen.shape[2]
    for i in range(len(columns)):
        for f in range(4):
            for k in range(words):
                rows[i, f * words + k] = seen[f, columns[i], k]


@compiled
def activate(sums, bias):
    """Layer 1's sums (picked, H) to hidden units, in place; sums in units of 1/1024, hidden in 1/256."""
    for i in range(len(sums)):
        line = sums[i]
        for k in range(len(bias)):
            line[k] = min(max(np.floor((line[k] + bias[k]) * f32(1 / 4)), f32(0)), f32(HIDDEN_MAX))


@compiled
def encode(hidden, codes):
    """Hidden units in a byte: 0 and 255 are the two ends, which pass no gradient; between, the nearest quarter."""
    for i in range(len(hidden)):
        line, bytes_ = hidden[i], codes[i]
        for k in range(len(line)):
            least = f32(1) if line[k] > f32(0) else f32(0)
            most = f32(254) if line[k] < f32(HIDDEN_MAX) else f32(255)
            bytes_[k] = np.uint8(min(max(np.floor((line[k] + f32(2)) * f32(1 / 4)), least), most))


@compiled
def update(state, columns, starts, sums, following):
    """The next state, from layer 2's sums (C, picked) in units of 1/256."""
    height, width, C = state.shape
    lines, following_lines = state.reshape(height, -1), following.reshape(height, -1)
    change = np.empty((width, C), f32)
    for y in range(height):
        change[:] = 0
        for i in range(starts[y], starts[y + 1]):
            for c in range(C):
                change[columns[i], c] = sums[c, i]
        _add_change(lines[y], change.reshape(-1), following_lines[y])


@compiled
def _add_change(here, change, following):
    for k in range(len(here)):
        value = f32(here[k]) + np.floor(change[k] * f32(4) + f32(1 / 2))
        following[k] = i32(min(max(value, f32(-STATE_MAX)), f32(STATE_MAX)))


@compiled
def gather(d_state, columns, starts, d_change):
    """The picked cells' gradients (picked, C) of a gradient (H, W, C)."""
    C = d_state.shape[2]
    for y in range(len(d_state)):
        for i in range(starts[y], starts[y + 1]):
            x = columns[i]
            for c in range(C):
                d_change[i, c] = _to(d_change, d_state[y, x, c])


@compiled
def gate(units, d_hidden, hidden, d_bias):
    """The gradient through layer 1's activation: stops it at both ends, adds it to d_bias.

    units: hidden units (picked, H), float32 or codes, which are copied to the matrix `hidden`.
    """
    for i in range(len(units)):
        line, gradients, copies = units[i], d_hidden[i], hidden[i]
        for k in range(len(line)):
            copies[k] = _to(hidden, f32(line[k]))
        for k in range(len(line)):
            gradients[k] = gradients[k] if _alive(line[k]) else 0
        for k in range(len(line)):
            d_bias[k] += _from(gradients[k])


@compiled
def spread(d_rows, columns, starts, d_state):
    """The adjoint of perceive without its roundings, added to a gradient (H, W, C)."""
    height, width, C = d_state.shape
    lines = d_state.reshape(height, -1)
    seen = np.empty((4, (width + 2) * C), d_rows.dtype)
    beside, across = np.empty(width * C, f32), np.empty(width * C, f32)
    seen_words, row_words = seen.view(np.int64).reshape(4, width + 2, -1), d_rows.view(np.int64)
    for y in range(height):
        first, last = starts[y], starts[y + 1]
        _put_picked(row_words[first:last], columns[first:last], seen_words)
        here, x, slope, around = seen[0], seen[1], seen[2], seen[3]
        _wrap(x, C)
        _wrap(slope, C)
        _wrap(around, C)
        _beside(x[: -2 * C], x[2 * C :], around[: -2 * C], around[C:-C], around[2 * C :], beside)
        _across(slope[: -2 * C], slope[C:-C], slope[2 * C :], across)
        _add(lines[y - 1], beside, across, f32(-1))
        _add_here(lines[y], beside, here[C:-C], around[C:-C])
        _add(lines[(y + 1) % height], beside, across, f32(1))


@compiled
def _put_picked(rows, columns, seen):
    """The other way round, into a line wrapped by a cell on each side; zeros where the mask picks none."""
    words = seen.shape[2]
    seen[:] = 0
    for i in range(len(columns)):
        for f in range(4):
            for k in range(words):
                seen[f, columns[i] + 1, k] = rows[i, f * words + k]


@compiled
def _beside(x_left, x_right, left, middle, right, beside):
    """What Sobel x and the Laplacian send to the line above and, alike, to the line below."""
    for k in range(len(beside)):
        smooth = _from(left[k]) + f32(2) * _from(middle[k]) + _from(right[k])
        beside[k] = f32(1 / 16) * smooth + f32(1 / 8) * (_from(x_left[k]) - _from(x_right[k]))


@compiled
def _across(left, middle, right, across):
    """What Sobel y sends to the line below, and its negative to the line above."""
    for k in range(len(across)):
        across[k] = f32(1 / 8) * (_from(left[k]) + f32(2) * _from(middle[k]) + _from(right[k]))


@compiled
def _add(line, beside, across, sign):
    for k in range(len(line)):
        line[k] += beside[k] + sign * across[k]


@compiled
def _add_here(line, beside, here, around):
    """Of both kernels the middle line is twice the outer ones, but for the Laplacian's centre: -12 = 2 * 2 - 16."""
    for k in range(len(line)):
        line[k] += f32(2) * beside[k] + _from(here[k]) - _from(around[k])


def _from(value):
    """A stored float32 or bfloat16 as float32."""


def _to(array, value):
    """A float32 as the array stores it, rounded to nearest, ties to even."""


def _alive(unit):
    """Whether a hidden unit, or its code, is at neither end."""


@overload(_from)
def _overload_from(value):
    if value == types.uint16:
        return lambda value: u32(u32(value) << 16).view(f32)
    return lambda value: value


@overload(_to)
def _overload_to(array, value):
    if array.dtype == types.uint16:
        return _round_to_bfloat16
    return lambda array, value: value


@overload(_alive)
def _overload_alive(unit):
    if unit == types.uint8:
        return lambda unit: np.uint8(unit - 1) < 254  # wraps around at 0
    return lambda unit: (unit > f32(0)) & (unit < f32(HIDDEN_MAX))


def _round_to_bfloat16(array, value):
    bits = f32(value).view(u32)
    return np.uint16(u32(bits + 0x7FFF + ((bits >> 16) & 1)) >> 16)
