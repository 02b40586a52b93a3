"""The reference a second time, in NumPy, for exports that import no torch: a rule, its brush and its decoder.

Integers are stored as float32, which is exact as in torch. States are (C, height, width), in [-2047, 2047].
"""

from itertools import product
from typing import cast

import numpy as np
from numpy.typing import NDArray

from nca.rule.decoder import COLOR_MAX, Decoder
from nca.rule.rule import HIDDEN_MAX, NOISE_MAX, STATE_MAX, Rule

__all__ = ["PlainRun", "mix"]

# Cells in a product. For larger ones OpenBLAS starts threads, which on a busy machine wait for each other many times as
# long as the product takes.
BLOCK = 32

Floats = NDArray[np.float32]
Hashes = NDArray[np.uint32]


class PlainRun:
    """A texture that runs in NumPy, at step 0 of the run with seed 0."""

    def __init__(self, rule: Rule, width: int, height: int, decoder: Decoder | None = None) -> None:
        self._rule, self._decoder, self._size = rule, decoder, (rule.channels, height, width)
        self._layers = (_layer(rule.w1, rule.b1, rule.k1), _layer(rule.w2, 1 << rule.k2 >> 1, rule.k2))
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Go back to step 0, and forget the kept state."""
        self.state: Floats = np.zeros(self._size, np.float32)
        self._kept, self._seed, self._done = self.state, seed, 0

    def step(self, count: int) -> None:
        """Take `count` steps."""
        for _ in range(count):
            cells = np.flatnonzero(_mask(*self._size[1:], self._seed, self._done, self._rule.update))
            hidden = _floored(self._layers[0], _perceive(self.state).reshape(-1, self.state[0].size)[:, cells])
            flat = self.state.reshape(len(self.state), -1).copy()
            flat[:, cells] += _floored(self._layers[1], hidden.clip(0, HIDDEN_MAX))
            self.state = flat.clip(-STATE_MAX, STATE_MAX).reshape(self._size)
            self._done += 1

    def keep(self) -> None:
        """Keep the state for `restore`."""
        self._kept = self.state

    def erase(self, x: int, y: int, radius: int) -> None:
        """Set the cells within `radius` of column x, row y on the torus to zero."""
        self.state = np.where(self._disc(x, y, radius), np.float32(0), self.state)

    def restore(self, x: int, y: int, radius: int) -> None:
        """Replace the cells within `radius` of column x, row y on the torus by the kept ones."""
        self.state = np.where(self._disc(x, y, radius), self._kept, self.state)

    def pixels(self, detail: int) -> NDArray[np.uint8]:
        """The picture, with detail x detail pixels for each cell: (height * detail, width * detail, 3)."""
        _, height, width = self._size
        picture = np.empty((3, height * detail, width * detail), np.float32)
        for i, j in product(range(detail), repeat=2):
            picture[:, i::detail, j::detail] = self._place(i, j, detail) if self._decoder else self.state[:3]
        byte = np.floor(((picture + 512) * 255 + 512) / 1024).clip(0, 255)
        return byte.transpose(1, 2, 0).astype(np.uint8)

    def _place(self, i: int, j: int, detail: int) -> Floats:
        """The colours of pixel (i, j) of each cell: (3, height, width)."""
        decoder, (_, height, width) = cast(Decoder, self._decoder), self._size
        rows, columns = (np.arange(size, dtype=np.uint32) * detail + at for size, at in ((height, i), (width, j)))
        state = _interpolated(self.state, 2 * i + 1 - detail, 2 * j + 1 - detail, detail)
        seen = np.concatenate([state, _grain(decoder.grain, rows, columns)]).reshape(-1, height * width)
        hidden = _floored(_layer(decoder.w1, decoder.b1, decoder.k1), seen).clip(0, HIDDEN_MAX)
        color = _floored(_layer(decoder.w2, decoder.b2 + (1 << decoder.k2 >> 1), decoder.k2), hidden)
        color = color.reshape(3, height, width)
        return (color + state[:3] if decoder.skip else color).clip(-COLOR_MAX, COLOR_MAX)

    def _disc(self, x: int, y: int, radius: int) -> NDArray[np.bool_]:
        _, height, width = self._size
        return _distance(width, x) ** 2 + _distance(height, y)[:, None] ** 2 <= radius**2


def mix(x: Hashes) -> Hashes:
    """lowbias32, as `nca.rule.mask.mix`, of an array: it wraps around at 2^32 by itself."""
    x = (x ^ x >> np.uint32(16)) * np.uint32(0x7FEB352D)
    x = (x ^ x >> np.uint32(15)) * np.uint32(0x846CA68B)
    return x ^ x >> np.uint32(16)


_Layer = tuple[Floats, Floats, Floats]  # weights (rows, inputs), what is added (rows, 1), scales (rows, 1)


def _layer(weights: NDArray[np.int64], added: NDArray[np.int64], shifts: NDArray[np.int64]) -> _Layer:
    scales = 0.5 ** shifts[:, None]
    return weights.astype(np.float32), added[:, None].astype(np.float32), scales.astype(np.float32)


def _floored(layer: _Layer, values: Floats) -> Floats:
    """A layer before it is clamped: (inputs, cells) -> (rows, cells)."""
    weights, added, scales = layer
    inputs, cells = values.shape
    padded = np.zeros((inputs, -(-cells // BLOCK), BLOCK), np.float32)
    padded.reshape(inputs, -1)[:, :cells] = values
    sums = np.concatenate(weights @ padded.transpose(1, 0, 2), axis=1)[:, :cells]
    floored: Floats = np.floor((sums + added) * scales)
    return floored


def _perceive(state: Floats) -> Floats:
    """The perception (4C, height, width), with the sums of `nca.rule.reference.perceive`."""
    padded = np.pad(state, ((0, 0), (1, 1), (1, 1)), mode="wrap")
    above, here, below = padded[:, :-2], padded[:, 1:-1], padded[:, 2:]
    smooth, slope = above + 2 * here + below, below - above
    x = smooth[..., 2:] - smooth[..., :-2]
    y = slope[..., :-2] + 2 * slope[..., 1:-1] + slope[..., 2:]
    laplacian = smooth[..., :-2] + 2 * smooth[..., 1:-1] + smooth[..., 2:] - 16 * state
    laplacian = np.floor((laplacian + 8) / 16).clip(-STATE_MAX, STATE_MAX)
    return np.concatenate([state, np.floor((x + 4) / 8), np.floor((y + 4) / 8), laplacian])


def _mask(height: int, width: int, seed: int, step: int, update: int) -> NDArray[np.bool_]:
    """The cells that update in a step, as `nca.rule.mask.mask`."""
    one = np.uint32(1)
    key = mix(mix(_uint32(seed + 0x9E3779B9)) + _uint32(step))
    place = ((np.arange(width) - (step & 1)) % width).astype(np.uint32)
    dice = mix(mix((place >> one) + key) + np.arange(height, dtype=np.uint32)[:, None]) >> np.uint32(24)
    return (dice ^ (place & one) << np.uint32(7)) < update


def _uint32(value: int) -> Hashes:
    """An array of one: NumPy warns where a scalar wraps around."""
    return np.array([value & 0xFFFFFFFF], np.uint32)


def _interpolated(state: Floats, down: int, across: int, detail: int) -> Floats:
    """The state at one place in each cell, as `nca.rule.spline`. down, across: from the middle, in half pixels."""
    rows = np.floor(_spline(state, across, detail, axis=2) / (detail**2 / 2))
    return np.floor((_spline(rows, down, detail, axis=1) + 64 * detail**2) / (128 * detail**2))


def _spline(values: Floats, off: int, detail: int, axis: int) -> Floats:
    """The weighted sum of each cell and of the cells before and after it on an axis; the weights sum to 8d^2."""
    before, after = np.roll(values, 1, axis), np.roll(values, -1, axis)
    middle = 6 * detail**2 - 2 * off**2
    return before * (detail - off) ** 2 + values * middle + after * (detail + off) ** 2


def _grain(inputs: int, rows: Hashes, columns: Hashes) -> Floats:
    """The noise of pixels, as `nca.rule.noise.grain`: (inputs, rows, columns)."""
    cells, number = mix(mix(columns) + rows[:, None]), np.arange(inputs, dtype=np.uint32)
    return (mix(cells + number[:, None, None]) >> 21).astype(np.float32) - NOISE_MAX


def _distance(size: int, origin: int) -> NDArray[np.int64]:
    forward = (np.arange(size) - origin) % size
    return np.minimum(forward, size - forward)
