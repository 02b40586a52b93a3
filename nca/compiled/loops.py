"""Forward and backward through all steps of one state, compiled. The matrices of a few lines at a time fit the cache.

Forward computes with the rule's integers. Backward computes perception and hidden units again.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nca.compiled import kernels, matmul
from nca.compiled.keep import kept
from nca.compiled.kernels import (
    across,
    activate,
    add,
    compiled,
    down,
    gate,
    gather,
    list_active,
    perceive_lines,
    put,
    spread,
    update,
)
from nca.compiled.matmul import GROUP, product
from nca.rule import rule

__all__ = ["Gradients", "Masks", "Network", "Transposed", "backward", "forward"]

CELLS = 512  # in the lines of a block, approximately


class Network(NamedTuple):
    """The rule's integers in pairs of int16; H, and C in layer 2, are padded to multiples of GROUP."""

    w1: np.ndarray  # (2C, H)
    b1: np.ndarray  # (H,)
    k1: np.ndarray  # (H,)
    w2: np.ndarray  # (H / 2, GROUP)
    half: np.ndarray  # (GROUP,), half a unit of the change
    k2: np.ndarray  # (GROUP,)
    channels: tuple[int, ...]  # of length C, which is part of the type, so the compiler knows C


class Transposed(NamedTuple):
    """The weights in real units for the products of backward: float32, or pairs of bfloat16 of rows k and k + K / 2."""

    w1: np.ndarray  # (H or H / 2, 4C)
    w2: np.ndarray  # (C or C / 2, H)


class Gradients(NamedTuple):
    """Sums over all steps, for states in units of 1/1024 and hidden units in units of 1/256."""

    w1: np.ndarray  # (H, 4C)
    b1: np.ndarray  # (H,)
    w2: np.ndarray  # (GROUP, H)


class Masks(NamedTuple):
    """The arguments of `nca.rule.mask.mask` for one state: a key for each step, and the state's first row."""

    keys: np.ndarray  # (steps,)
    first_row: int
    first: int
    rate: int


@compiled
def _forward(states, masks, network):
    """Fill states (1 + kept, height, width, C) from states[0] on; after the last one, results go to the first again."""
    kept, (height, width, C) = len(states), states[0].shape
    size, (columns, starts) = _size(width), _lists(height, width)
    rows, sums, hidden = _matrices(size, C, network)
    changes = np.empty((size, GROUP), np.int32)
    for step in range(len(masks.keys)):
        state, following = states[step % kept], states[(step + 1) % kept]
        list_active(masks.keys[step], masks.first_row, masks.first + step, masks.rate, columns, starts)
        for top in range(0, height, _lines(width)):
            lines = top, min(top + _lines(width), height)
            cells = _filled(starts[lines[1]] - starts[lines[0]])
            _first_layer(state, columns, starts, lines, network, rows, sums[:cells], hidden)
            product(network.half, hidden.view(np.int32), network.w2, changes[:cells])
            update(state, columns, starts, lines, network.channels, changes[:cells], network.k2, following)


@compiled
def _backward(states, masks, network, transposed, d_state, totals):
    """Take the gradient of the last state back to the first, in place; add the weights' gradients to `totals`."""
    height, width, C = d_state.shape
    size, (columns, starts) = _size(width), _lists(height, width)
    H, word, numbers = len(network.b1), transposed.w1.dtype, len(network.b1) // len(transposed.w1)
    rows, sums, hidden = _matrices(size, C, network)
    nothing, w1, w2 = np.zeros(max(H, 4 * C), np.float32), np.empty_like(totals.w1), np.empty_like(totals.w2)
    d_changes = np.zeros((height * width, GROUP), np.float32)
    d_change, d_hidden = np.zeros((size, GROUP), np.float32), np.empty((size, H), np.float32)
    d_rows = np.empty((size, 4 * C), np.float32)
    change_words, hidden_words = np.empty((size, C // numbers), word), np.empty((size, H // numbers), word)
    pairs = size // numbers
    change_pairs, hidden_pairs = np.empty((pairs, GROUP), word), np.empty((pairs, H), word)
    row_pairs, d_hidden_pairs = np.empty((pairs, 4 * C), word), np.empty((pairs, H), word)
    for step in range(len(masks.keys) - 1, -1, -1):
        list_active(masks.keys[step], masks.first_row, masks.first + step, masks.rate, columns, starts)
        gather(d_state, columns, starts, network.channels, d_changes)
        for top in range(0, height, _lines(width)):
            lines = top, min(top + _lines(width), height)
            first, last = starts[lines[0]], starts[lines[1]]
            cells = _filled(last - first)
            if cells == 0:
                continue
            _first_layer(states[step], columns, starts, lines, network, rows, sums[:cells], hidden)
            put(d_changes[first:last], d_change[:cells])
            across(d_change[:cells, :C], change_words)
            product(nothing, change_words, transposed.w2, d_hidden[:cells])
            gate(hidden, d_hidden[:cells], totals.b1)
            across(d_hidden[:cells], hidden_words)
            product(nothing, hidden_words, transposed.w1, d_rows[:cells])
            spread(d_rows, columns, starts, lines, network.channels, d_state)
            down(d_hidden[:cells], d_hidden_pairs)
            down(rows[:cells], row_pairs)
            product(nothing, d_hidden_pairs.T, row_pairs[: cells // numbers], w1)
            down(d_change[:cells], change_pairs)
            down(hidden[:cells], hidden_pairs)
            product(nothing, change_pairs.T, hidden_pairs[: cells // numbers], w2)
            add(totals.w1.reshape(-1), w1.reshape(-1))
            add(totals.w2.reshape(-1), w2.reshape(-1))


@compiled
def _first_layer(state, columns, starts, lines, network, rows, sums, hidden):
    """The active cells' perception (active, 4C) and hidden units (active, H) of some lines."""
    perceive_lines(state, columns, starts, lines, network.channels, rows)
    product(network.b1, rows.view(np.int32), network.w1, sums)
    activate(sums, network.k1, hidden)


@compiled
def _matrices(size, C, network):
    H = len(network.b1)
    return np.zeros((size, 4 * C), np.int16), np.empty((size, H), np.int32), np.empty((size, H), np.int16)


@compiled
def _lists(height, width):
    """Arrays for the columns of the active cells, and for the index where each line's cells start."""
    return np.empty(height * width + 1, np.uint16), np.empty(height + 1, np.int32)


@compiled
def _lines(width):
    return max(1, CELLS // width)


@compiled
def _size(width):
    """The number of rows of a block's matrices."""
    return _filled(_lines(width) * width)


@compiled
def _filled(count):
    """The next multiple of GROUP."""
    return (count + GROUP - 1) // GROUP * GROUP


def _entries(sources: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The functions that Python calls. Numba keeps them on disk, and `sources` in their closures renews the cache.

    Numba looks for changes in this file and in closure variables only; `sources` is a hash of the other files.
    """

    @kept
    def forward(states, masks, network):
        if sources:
            _forward(states, masks, network)

    @kept
    def backward(states, masks, network, transposed, d_state, totals):
        if sources:
            _backward(states, masks, network, transposed, d_state, totals)

    return forward, backward


_FILES = [Path(module.__file__ or "") for module in (kernels, rule, matmul)]
forward, backward = _entries(hashlib.sha256(b"".join(file.read_bytes() for file in _FILES)).hexdigest())
