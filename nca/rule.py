"""The integer rule `nca-fixed-1`: a value object whose bounds are proven when it is made.

Every number is an integer carried in a float32 lane. Float32 adds, multiplies and fuses
multiply-adds of integers exactly, in any order, as long as each partial sum stays below 2^24;
a rule that could leave that range is refused, so torch and every conformant WebGL2 device
compute the same bits. The proof stands in docs/format.md.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError

__all__ = [
    "CHANNELS",
    "EXACT",
    "FORMAT",
    "HIDDEN_BITS",
    "HIDDEN_MAX",
    "MAX_HIDDEN",
    "STATE_BITS",
    "STATE_MAX",
    "STATE_UNIT",
    "UPDATE_ALWAYS",
    "WEIGHT_MAX",
    "Rule",
]

FORMAT = "nca-fixed-1"
EXACT = 1 << 24  # below it float32 holds every integer
CHANNELS = (4, 8, 12, 16)  # RGBA textures; WebGL2 promises four render targets
MAX_HIDDEN = 128  # 128 * 127 * 1023 < 2^24
STATE_MAX = 2047  # real 1.999: the state is s / 2^STATE_BITS
STATE_BITS = 10
STATE_UNIT = 2.0**-STATE_BITS  # the real value of 1
HIDDEN_MAX = 1023  # real 3.996: hidden is h / 2^HIDDEN_BITS
HIDDEN_BITS = 8
WEIGHT_MAX = 127
SHIFT_MAX = 20
UPDATE_ALWAYS = 256  # the update rate is update / 256

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rule:
    """Weights and shifts of one automaton with C channels and H hidden units.

    w1: (H, 4C) in [-127, 127]; columns are filter-major: all identity, all x, all y, all laplacian.
    b1: (H,), any integer that keeps its row below 2^24.
    k1: (H,) in [0, 20]; hidden = clamp(floor((w1 @ perception + b1) / 2^k1), 0, 1023).
    w2: (C, H) in [-127, 127].
    k2: (C,) in [1, 20]; update = floor((w2 @ hidden + 2^(k2 - 1)) / 2^k2).
    update: in [1, 256]; a cell is updated with probability update / 256.

    Raises UserError where a shape, a range or a row's worst case is off.
    """

    w1: Integers
    b1: Integers
    k1: Integers
    w2: Integers
    k2: Integers
    update: int = UPDATE_ALWAYS // 2

    def __post_init__(self) -> None:
        """Freeze the arrays and prove the bounds."""
        for name in ("w1", "b1", "k1", "w2", "k2"):
            object.__setattr__(self, name, _integers(name, getattr(self, name)))
        self._check_shapes()
        _check_range("w1", self.w1, -WEIGHT_MAX, WEIGHT_MAX)
        _check_range("w2", self.w2, -WEIGHT_MAX, WEIGHT_MAX)
        _check_range("b1", self.b1, 1 - EXACT, EXACT - 1)
        _check_range("k1", self.k1, 0, SHIFT_MAX)
        _check_range("k2", self.k2, 1, SHIFT_MAX)
        _check_range("update", _integers("update", self.update), 1, UPDATE_ALWAYS)
        for layer, worst in enumerate(self.worst_cases(), start=1):
            _check_worst(layer, worst)

    def _check_shapes(self) -> None:
        if self.w1.ndim != 2 or self.w2.ndim != 2 or self.channels not in CHANNELS:
            raise UserError(
                f"rule of shapes w1 {self.w1.shape}, w2 {self.w2.shape}: expected (H, 4C) and (C, H) "
                f"with C one of {CHANNELS}"
            )
        if self.hidden % 4 or not 4 <= self.hidden <= MAX_HIDDEN:
            raise UserError(f"rule with {self.hidden} hidden units: expected a multiple of 4 from 4 to {MAX_HIDDEN}")
        C, H = self.channels, self.hidden
        for name, shape in {"w1": (H, 4 * C), "b1": (H,), "k1": (H,), "w2": (C, H), "k2": (C,)}.items():
            if getattr(self, name).shape != shape:
                raise UserError(f"rule's {name} has shape {getattr(self, name).shape}: expected {shape}")

    @property
    def channels(self) -> int:
        """C, the number of values in a cell."""
        return int(self.w2.shape[0])

    @property
    def hidden(self) -> int:
        """H, the number of hidden units."""
        return int(self.w1.shape[0])

    @property
    def parameters(self) -> int:
        """How many trained numbers the rule holds."""
        return self.w1.size + self.b1.size + self.w2.size

    @property
    def byte_count(self) -> int:
        """How many bytes hold the rule: w1, k1, w2 and k2 take one a number, b1 four."""
        return self.parameters + 3 * self.b1.size + self.k1.size + self.k2.size

    def real_weights(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """w1 (H, 4C), b1 (H,) and w2 (C, H) in real units: exact, as all are integers times powers of two."""
        q1, q2 = self.k1 + HIDDEN_BITS - STATE_BITS, self.k2 + STATE_BITS - HIDDEN_BITS
        w1, b1, w2 = self.w1 * 0.5 ** q1[:, None], self.b1 * 0.5 ** (q1 + STATE_BITS), self.w2 * 0.5 ** q2[:, None]
        return w1.astype(np.float32), b1.astype(np.float32), w2.astype(np.float32)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ between rules."""
        arrays = self.w1, self.b1, self.k1, self.w2, self.k2, np.array(self.update)
        return hashlib.sha256(b"".join(array.astype("<i8").tobytes() for array in arrays)).hexdigest()[:16]

    def worst_cases(self) -> tuple[Integers, Integers]:
        """The largest magnitude that any partial sum of a row can reach: (H,) and (C,), below 2^24 in a valid rule."""
        first = np.abs(self.w1).sum(axis=1) * STATE_MAX + np.abs(self.b1)
        second = np.abs(self.w2).sum(axis=1) * HIDDEN_MAX + (1 << self.k2 >> 1)
        return first, second


def _integers(name: str, values: object) -> Integers:
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or not np.can_cast(array.dtype, np.int64):
        raise UserError(f"rule's {name} holds {array.dtype}: expected integers")
    array = array.astype(np.int64)
    array.setflags(write=False)
    return array


def _check_range(name: str, values: NDArray[np.int64], low: int, high: int) -> None:
    outside = values[(values < low) | (values > high)]
    if outside.size:
        raise UserError(f"rule's {name} holds {outside.flat[0]}: expected integers in [{low}, {high}]")


def _check_worst(layer: int, worst: Integers) -> None:
    row = int(worst.argmax())
    if worst[row] >= EXACT:
        raise UserError(
            f"layer {layer}, row {row} can reach {worst[row]:,}: expected below 2^24 = {EXACT:,}, "
            "where float32 is exact; use a smaller scale for this row"
        )
