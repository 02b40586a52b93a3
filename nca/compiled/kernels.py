"""The parts of a training step other than matrix products, compiled for the CPU by Numba.

A state is (H, W, C) int16, the rule's integers; a line of it has W * C values. The loops run over whole lines, so LLVM
vectorises them for any C. The active cells of the mask are listed line by line: `columns` (active,) holds their
columns, and those of line y are at starts[y]:starts[y + 1]. A block is a few lines; its matrices have one row for each
active cell. No kernel allocates more than a few lines.

Sums keep their order (no fastmath). Otherwise freshly compiled code and code from Numba's disk cache would differ in
the last bit. Only the functions that call these kernels are cached on disk (loops.py).
"""

import numpy as np
from numba import njit, types
from numba.extending import overload

from nca.compiled.matmul import GROUP
from nca.rule.rule import HIDDEN_MAX, STATE_MAX

__all__ = [
    "across",
    "activate",
    "add",
    "down",
    "gate",
    "gather",
    "list_active",
    "perceive_lines",
    "put",
    "spread",
    "update",
]

compiled = njit(nogil=True, error_model="numpy")
f32, i16, i32, u32 = np.float32, np.int16, np.int32, np.uint32
MOST_CHANGE = 2 * STATE_MAX  # enough to reach any state from any other


@compiled
def list_active(key, first_row, step, rate, columns, starts):
    """List the active cells of `nca.rule.mask.mask` in rows first_row, first_row + 1, ...; return their number."""
    height, width = len(starts) - 1, (len(columns) - 1) // (len(starts) - 1)
    pairs = np.empty((width + 1) // 2, u32)
    dice = np.empty_like(pairs)
    for pair in range(len(pairs)):
        pairs[pair] = _mix(u32(pair + key))
    active = 0
    for y in range(height):
        starts[y] = active
        for pair in range(len(pairs)):
            dice[pair] = _mix(u32(pairs[pair] + first_row + y)) >> 24
        for place in range(width):
            x = place + (step & 1)
            columns[active] = x if x < width else 0
            active += (dice[place >> 1] ^ (place & 1) << 7) < rate
    starts[height] = active
    return active


@compiled
def _mix(x):
    x = u32(x ^ (x >> 16))  # without u32, Numba widens to 64 bits
    x = u32(x * u32(0x7FEB352D))
    x = u32(x ^ (x >> 15))
    x = u32(x * u32(0x846CA68B))
    return u32(x ^ (x >> 16))


@compiled
def perceive_lines(state, columns, starts, block, channels, rows):
    """The perception of a block's active cells as in the reference: rows (active, 4C). All sums fit int16."""
    height, width, C = state.shape
    lines = state.reshape(height, -1)
    smooth, slope = np.empty((width + 2) * C, i16), np.empty((width + 2) * C, i16)  # down the columns, wrapped
    seen = np.empty((4, width * C), i16)
    seen_words, row_words = seen.view(np.int64).reshape(4, width, -1), rows.view(np.int64)
    top, bottom = block
    for y in range(top, bottom):
        here = lines[y]
        _columns(lines[y - 1], here, lines[(y + 1) % height], smooth[C:-C], slope[C:-C])
        _wrap(smooth, C)
        _wrap(slope, C)
        seen[0] = here
        _sobel_x(smooth[: -2 * C], smooth[2 * C :], seen[1])
        _sobel_y(slope[: -2 * C], slope[C:-C], slope[2 * C :], seen[2])
        _laplacian(smooth[: -2 * C], smooth[C:-C], smooth[2 * C :], here, seen[3])
        first, last = starts[y], starts[y + 1]
        _copy_active(seen_words, columns[first:last], channels, row_words[first - starts[top] :])


@compiled
def _columns(above, here, below, smooth, slope):
    for k in range(len(here)):
        smooth[k] = above[k] + i16(2) * here[k] + below[k]
        slope[k] = below[k] - above[k]


@compiled
def _wrap(line, C):
    end = len(line) - C
    for c in range(C):
        line[c] = line[end - C + c]
        line[end + c] = line[C + c]


@compiled
def _sobel_x(left, right, seen):
    for k in range(len(seen)):
        seen[k] = i16(right[k] - left[k] + 4) >> 3


@compiled
def _sobel_y(left, middle, right, seen):
    for k in range(len(seen)):
        seen[k] = i16(left[k] + 2 * middle[k] + right[k] + 4) >> 3


@compiled
def _laplacian(left, middle, right, here, seen):
    """The centre of the kernel is -12 = 4 - 16; the 16 is subtracted after the division, so that sums fit int16."""
    for k in range(len(seen)):
        around = i16(i16(left[k] + 2 * middle[k] + right[k] + 8) >> 4)
        seen[k] = min(max(i16(around - here[k]), i16(-STATE_MAX)), i16(STATE_MAX))


@compiled
def _copy_active(seen, columns, channels, rows):
    """Copy in words of 64 bits, (4, W, words) to (active, 4 * words)."""
    words = len(channels) // 4
    for i in range(len(columns)):
        for f in range(4):
            for k in range(words):
                rows[i, f * words + k] = seen[f, columns[i], k]


@compiled
def activate(sums, shifts, hidden):
    """Turn the sums of layer 1, (active, H), into hidden units."""
    for i in range(len(sums)):
        line, units = sums[i], hidden[i]
        for k in range(len(shifts)):
            units[k] = min(max(i32(line[k] >> shifts[k]), i32(0)), i32(HIDDEN_MAX))


@compiled
def update(state, columns, starts, block, channels, sums, shifts, following):
    """Compute a block of the next state from the sums of layer 2, (active, GROUP), whose first C columns count."""
    height, width, C = state.shape
    lines, following_lines = state.reshape(height, -1), following.reshape(height, -1)
    changes, line = np.empty((len(sums), GROUP), i16), np.empty((width, C), i16)
    for i in range(len(sums)):
        for c in range(GROUP):
            changes[i, c] = min(max(i32(sums[i, c] >> shifts[c]), i32(-MOST_CHANGE)), i32(MOST_CHANGE))
    change_words, line_words = changes.view(np.int64), line.view(np.int64)
    top, bottom = block
    for y in range(top, bottom):
        line[:] = 0
        for i in range(starts[y], starts[y + 1]):
            for k in range(len(channels) // 4):
                line_words[columns[i], k] = change_words[i - starts[top], k]
        _add_change(lines[y], line.reshape(-1), following_lines[y])


@compiled
def _add_change(here, change, following):
    for k in range(len(here)):
        following[k] = min(max(i16(here[k] + change[k]), i16(-STATE_MAX)), i16(STATE_MAX))


@compiled
def gather(d_state, columns, starts, channels, d_change):
    """Take the active cells' gradients (active, C) from a gradient (H, W, C)."""
    for y in range(len(d_state)):
        for i in range(starts[y], starts[y + 1]):
            for c in range(len(channels)):
                d_change[i, c] = d_state[y, columns[i], c]


@compiled
def put(values, matrix):
    """Write values (M, GROUP) to the first rows of a matrix, and zeros to the others."""
    for i in range(len(matrix)):
        for k in range(GROUP):
            matrix[i, k] = values[i, k] if i < len(values) else f32(0)


@compiled
def add(totals, values):
    """Add values to totals, in place."""
    for k in range(len(totals)):
        totals[k] += values[k]


@compiled
def gate(hidden, d_hidden, d_bias):
    """Take the gradient through the activation of layer 1, in place: it stops at both limits. Add it to d_bias."""
    for i in range(len(d_hidden)):
        units, gradients = hidden[i], d_hidden[i]
        for k in range(len(d_bias)):
            gradients[k] = gradients[k] if (units[k] > 0) & (units[k] < HIDDEN_MAX) else f32(0)
            d_bias[k] += gradients[k]


@compiled
def spread(d_rows, columns, starts, block, channels, d_state):
    """Add the adjoint of a block's `perceive`, without its roundings, to a gradient (H, W, C)."""
    height, width, C = d_state.shape
    lines = d_state.reshape(height, -1)
    seen = np.empty((4, (width + 2) * C), f32)
    beside, across = np.empty(width * C, f32), np.empty(width * C, f32)
    seen_words, row_words = seen.view(np.int64).reshape(4, width + 2, -1), d_rows.view(np.int64)
    top, bottom = block
    for y in range(top, bottom):
        first, last = starts[y], starts[y + 1]
        _put_active(row_words[first - starts[top] :], columns[first:last], channels, seen_words)
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
def _put_active(rows, columns, channels, seen):
    """The inverse of `_copy_active`, into a line with one wrapped cell on each side; inactive cells become zero."""
    words = len(channels) // 2
    seen[:] = 0
    for i in range(len(columns)):
        for f in range(4):
            for k in range(words):
                seen[f, columns[i] + 1, k] = rows[i, f * words + k]


@compiled
def _beside(x_left, x_right, left, middle, right, beside):
    """The gradient of Sobel x and the Laplacian, which is the same for the line above and the line below."""
    for k in range(len(beside)):
        smooth = left[k] + f32(2) * middle[k] + right[k]
        beside[k] = f32(1 / 16) * smooth + f32(1 / 8) * (x_left[k] - x_right[k])


@compiled
def _across(left, middle, right, across):
    """The gradient of Sobel y for the line below; its negative goes to the line above."""
    for k in range(len(across)):
        across[k] = f32(1 / 8) * (left[k] + f32(2) * middle[k] + right[k])


@compiled
def _add(line, beside, across, sign):
    for k in range(len(line)):
        line[k] += beside[k] + sign * across[k]


@compiled
def _add_here(line, beside, here, around):
    """Both kernels' middle line is twice an outer line, except the Laplacian's centre: -12 = 2 * 2 - 16."""
    for k in range(len(line)):
        line[k] += f32(2) * beside[k] + here[k] - around[k]


def across(values, words):
    """Pack numbers (M, K) for `matmul.product`: float32, or pairs of bfloat16 from columns k and k + K / 2."""


def down(values, words):
    """Pack numbers for products along the rows: float32 (M, K), or pairs (M / 2, K) of rows 2m and 2m + 1."""


@overload(across)
def _overload_across(values, words):
    return _pair_across if words.dtype == types.uint32 else _copy


@overload(down)
def _overload_down(values, words):
    return _pair_down if words.dtype == types.uint32 else _copy


def _copy(values, words):
    for i in range(len(values)):
        for k in range(values.shape[1]):
            words[i, k] = values[i, k]


def _pair_across(values, words):
    half = values.shape[1] // 2
    for i in range(len(values)):
        low, high, pairs = values[i, :half], values[i, half:], words[i]
        for k in range(half):
            pairs[k] = _pair(low[k], high[k])


def _pair_down(values, words):
    for i in range(len(values) // 2):
        low, high, pairs = values[2 * i], values[2 * i + 1], words[i]
        for k in range(len(low)):
            pairs[k] = _pair(low[k], high[k])


@compiled
def _pair(low, high):
    """Two bfloat16 in one word, rounded to nearest, ties to even."""
    return _round(low) >> 16 | _round(high) & u32(0xFFFF0000)


@compiled
def _round(value):
    bits = f32(value).view(u32)
    return u32(bits + u32(0x7FFF) + (bits >> 16 & u32(1)))
