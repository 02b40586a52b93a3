"""A training step of one state and its gradient, compiled: a few lines at a time, whose matrices stay in the cache."""

from typing import NamedTuple

import numpy as np

from nca.kernels import across, activate, compiled, down, gate, gather, perceive, spread, update
from nca.tile import GROUP, product

__all__ = ["Gradients", "Network", "Transposed", "backward", "forward"]

CELLS = 512  # about, in a block's lines


class Network(NamedTuple):
    """The rule's integers in pairs of int16, H and the second layer's C filled up to multiples of GROUP."""

    w1: np.ndarray  # (2C, H)
    b1: np.ndarray  # (H,)
    k1: np.ndarray  # (H,)
    w2: np.ndarray  # (H / 2, GROUP)
    half: np.ndarray  # (GROUP,), half a unit of the change
    k2: np.ndarray  # (GROUP,)


class Transposed(NamedTuple):
    """The weights in real units for backward's products, in pairs of bfloat16 or as float32."""

    w1: np.ndarray  # (H / 2 or H, 4C)
    w2: np.ndarray  # (C / 2 or C, H)


class Gradients(NamedTuple):
    """Sums over steps, for states in units of 1/1024 and hidden units in 1/256."""

    w1: np.ndarray  # (H, 4C)
    b1: np.ndarray  # (H,)
    w2: np.ndarray  # (GROUP, H)


@compiled
def forward(state, columns, starts, network, following):
    """The next state."""
    height, width, C = state.shape
    size = _size(width)
    rows, sums, hidden = _matrices(size, C, network)
    changes = np.empty((size, GROUP), np.int32)
    lines = _lines(width)
    for top in range(0, height, lines):
        block = top, min(top + lines, height)
        cells = _filled(starts[block[1]] - starts[block[0]])
        perceive(state, columns, starts, block, rows)
        product(network.b1, rows.view(np.int32), network.w1, sums[:cells])
        activate(sums[:cells], network.k1, hidden)
        product(network.half, hidden.view(np.int32), network.w2, changes[:cells])
        update(state, columns, starts, block, changes[:cells], network.k2, following)


@compiled
def backward(state, columns, starts, network, transposed, d_state, totals):
    """Carry the gradient of the next state to this one, in place, and add the weights'."""
    height, width, C = state.shape
    size, H, word = _size(width), len(network.b1), transposed.w1.dtype
    numbers = H // len(transposed.w1)  # in a word
    rows, sums, hidden = _matrices(size, C, network)
    nothing = np.zeros(max(H, 4 * C), np.float32)
    d_changes = np.zeros((starts[height], GROUP), np.float32)
    d_change, d_hidden = np.zeros((size, GROUP), np.float32), np.empty((size, H), np.float32)
    d_rows = np.empty((size, 4 * C), np.float32)
    change_words, hidden_words = np.empty((size, C // numbers), word), np.empty((size, H // numbers), word)
    change_pairs, hidden_pairs = np.empty((size // numbers, GROUP), word), np.empty((size // numbers, H), word)
    row_pairs, d_hidden_pairs = np.empty((size // numbers, 4 * C), word), np.empty((size // numbers, H), word)
    w1, w2 = np.empty_like(totals.w1), np.empty_like(totals.w2)
    gather(d_state, columns, starts, d_changes)
    lines = _lines(width)
    for top in range(0, height, lines):
        block = top, min(top + lines, height)
        first, last = starts[block[0]], starts[block[1]]
        cells = _filled(last - first)
        if cells == 0:
            continue
        pairs = cells // numbers
        perceive(state, columns, starts, block, rows)
        product(network.b1, rows.view(np.int32), network.w1, sums[:cells])
        activate(sums[:cells], network.k1, hidden)
        d_change[: last - first] = d_changes[first:last]
        d_change[last - first : cells] = 0
        across(d_change[:cells, :C], change_words)
        product(nothing, change_words, transposed.w2, d_hidden[:cells])
        gate(hidden, d_hidden[:cells], totals.b1)
        across(d_hidden[:cells], hidden_words)
        product(nothing, hidden_words, transposed.w1, d_rows[:cells])
        spread(d_rows, columns, starts, block, d_state)
        down(d_hidden[:cells], d_hidden_pairs)
        down(rows[:cells], row_pairs)
        product(nothing, d_hidden_pairs.T, row_pairs[:pairs], w1)
        down(d_change[:cells], change_pairs)
        down(hidden[:cells], hidden_pairs)
        product(nothing, change_pairs.T, hidden_pairs[:pairs], w2)
        totals.w1[:] += w1
        totals.w2[:] += w2


@compiled
def _matrices(size, C, network):
    H = len(network.b1)
    return np.zeros((size, 4 * C), np.int16), np.empty((size, H), np.int32), np.empty((size, H), np.int16)


@compiled
def _lines(width):
    return max(1, CELLS // width)


@compiled
def _size(width):
    """Rows of a block's matrices."""
    return _filled(_lines(width) * width)


@compiled
def _filled(count):
    """Up to a multiple of GROUP."""
    return (count + GROUP - 1) // GROUP * GROUP
