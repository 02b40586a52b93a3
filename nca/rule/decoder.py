"""The decoder of `nca-fixed-2`: a value object that proves its bounds when it is created.

A decoder computes d x d pixels for each cell, from the interpolated state and from grain, a hash of the pixel's place.
It reads the state and never writes it. As in a rule, every number is an integer stored as float32, and no partial sum
reaches 2^24. So all devices compute the same bytes. docs/format.md has the proof.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from nca.errors import UserError
from nca.rule.bounds import EXACT, SHIFT_MAX, WEIGHT_MAX, Integers, check_range, check_worst, frozen_integers
from nca.rule.rule import CHANNELS, HIDDEN_MAX, STATE_MAX

__all__ = ["COLOR_MAX", "DETAILS", "DTYPES", "FORMAT", "MAX_GRAIN", "MAX_UNITS", "Decoder"]

FORMAT = "nca-fixed-2"  # nca-fixed-1 and a decoder
DETAILS = (1, 2, 4, 8)  # pixels of a cell, across and down
MAX_UNITS = 64
MAX_GRAIN = 4
COLOR_MAX = 4094  # colours are clamped to this magnitude, twice the state's, before they become bytes
DTYPES = {
    "w1": "<i1",
    "b1": "<i4",
    "k1": "<u1",
    "w2": "<i1",
    "b2": "<i4",
    "k2": "<u1",
}  # of the arrays of a decoder, in every file


@dataclass(frozen=True, eq=False)
class Decoder:
    """Weights and shifts of one decoder with C channels, G inputs of grain and D hidden units.

    w1: (D, C + G) in [-127, 127]; columns: the C channels, then the grain.
    b1: (D,), any integer that keeps its row below 2^24.
    k1: (D,) in [0, 20]; hidden = clamp(floor((w1 @ [state, grain] + b1) / 2^k1), 0, 1023).
    w2: (3, D) in [-127, 127]; rows are red, green, blue.
    b2: (3,), any integer that keeps its row below 2^24.
    k2: (3,) in [1, 20]; colour = floor((w2 @ hidden + b2 + 2^(k2 - 1)) / 2^k2).
    grain: G, in [0, 4].
    skip: whether channels 0..2 of the state are added to the colour.
    detail: the detail that it was trained for, 1, 2, 4 or 8. Displays show it unless another one is chosen.

    Raises UserError if a shape or a value is out of range, or a row's sum could reach 2^24.
    """

    w1: Integers
    b1: Integers
    k1: Integers
    w2: Integers
    b2: Integers
    k2: Integers
    grain: int = 0
    skip: bool = True
    detail: int = 4

    def __post_init__(self) -> None:
        """Freeze the arrays and prove the bounds."""
        for name, values in self.arrays().items():
            object.__setattr__(self, name, frozen_integers("decoder", name, values))
        check_range("decoder", "grain", frozen_integers("decoder", "grain", self.grain), 0, MAX_GRAIN)
        if type(self.skip) is not bool:
            raise UserError(f"decoder's skip is {self.skip!r}: expected True or False")
        if type(self.detail) is not int or self.detail not in DETAILS:
            raise UserError(f"decoder's detail is {self.detail!r}: expected one of {DETAILS} pixels a cell")
        self._check_shapes()
        for name in ("w1", "w2"):
            check_range("decoder", name, getattr(self, name), -WEIGHT_MAX, WEIGHT_MAX)
        for name in ("b1", "b2"):
            check_range("decoder", name, getattr(self, name), 1 - EXACT, EXACT - 1)
        check_range("decoder", "k1", self.k1, 0, SHIFT_MAX)
        check_range("decoder", "k2", self.k2, 1, SHIFT_MAX)
        for layer, worst in enumerate(self.worst_cases(), start=1):
            check_worst(f"decoder's layer {layer}", worst)

    def _check_shapes(self) -> None:
        if self.w1.ndim != 2 or self.channels not in CHANNELS:
            raise UserError(
                f"decoder's w1 has shape {self.w1.shape} with grain {self.grain}: "
                f"expected (D, C + grain) with C one of {CHANNELS}"
            )
        if self.units % 4 or not 4 <= self.units <= MAX_UNITS:
            raise UserError(f"decoder with {self.units} hidden units: expected a multiple of 4 from 4 to {MAX_UNITS}")
        shapes = self.shapes(self.channels, self.grain, self.units)
        for name, values in self.arrays().items():
            if values.shape != shapes[name]:
                raise UserError(f"decoder's {name} has shape {values.shape}: expected {shapes[name]}")

    @staticmethod
    def shapes(channels: int, grain: int, units: int) -> dict[str, tuple[int, ...]]:
        """The shapes of the arrays of a decoder with C channels, G inputs of grain and D hidden units, by name."""
        C, G, D = channels, grain, units
        return {"w1": (D, C + G), "b1": (D,), "k1": (D,), "w2": (3, D), "b2": (3,), "k2": (3,)}

    def arrays(self) -> dict[str, Integers]:
        """w1, b1, k1, w2, b2 and k2 by name, in the order of the files; `DTYPES` has their types in files."""
        return {name: getattr(self, name) for name in DTYPES}

    @property
    def channels(self) -> int:
        """C, the number of values of each cell."""
        return int(self.w1.shape[1]) - self.grain

    @property
    def units(self) -> int:
        """D, the number of hidden units."""
        return int(self.w1.shape[0])

    @property
    def parameters(self) -> int:
        """The number of trained numbers."""
        return self.w1.size + self.b1.size + self.w2.size + self.b2.size

    @property
    def byte_count(self) -> int:
        """The size of the arrays in bytes: one for each number of w1, k1, w2 and k2, four for each of b1 and b2."""
        return self.parameters + 3 * (self.b1.size + self.b2.size) + self.k1.size + self.k2.size

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of a hash that identifies the decoder."""
        arrays = *self.arrays().values(), np.array([self.grain, self.skip])
        return hashlib.sha256(b"".join(array.astype("<i8").tobytes() for array in arrays)).hexdigest()[:16]

    def worst_cases(self) -> tuple[Integers, Integers]:
        """The largest possible magnitude of each row's partial sums: (D,) and (3,), below 2^24 in a valid decoder."""
        first = np.abs(self.w1).sum(axis=1) * STATE_MAX + np.abs(self.b1)
        second = np.abs(self.w2).sum(axis=1) * HIDDEN_MAX + np.abs(self.b2) + (1 << self.k2 >> 1)
        return first, second
