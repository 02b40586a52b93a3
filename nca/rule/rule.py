"""The integer rule `nca-fixed-1`: a value object that proves its bounds when it is created.

Every number is an integer stored as float32. Float32 additions, multiplications and fused multiply-adds of integers
are exact, in any order, as long as each partial sum stays below 2^24. A rule that could exceed this range is refused,
so torch and every conformant WebGL2 device compute the same bits. docs/format.md has the proof.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError
from nca.rule.bounds import EXACT, SHIFT_MAX, WEIGHT_MAX, Integers, check_range, check_worst, frozen_integers

__all__ = [
    "CHANNELS",
    "DTYPES",
    "FORMAT",
    "HIDDEN_BITS",
    "HIDDEN_MAX",
    "MAX_HIDDEN",
    "NOISE_MAX",
    "STATE_BITS",
    "STATE_MAX",
    "STATE_UNIT",
    "UPDATE_ALWAYS",
    "Rule",
]

FORMAT = "nca-fixed-1"
CHANNELS = (4, 8, 12, 16)  # in RGBA textures; WebGL2 guarantees four render targets
MAX_HIDDEN = 128  # 128 * 127 * 1023 < 2^24
STATE_MAX = 2047  # real 1.999: the state is s / 2^STATE_BITS
STATE_BITS = 10
NOISE_MAX = 1024  # the largest magnitude of noise, in [-1024, 1023]
STATE_UNIT = 2.0**-STATE_BITS  # the real value of the integer 1
HIDDEN_MAX = 1023  # real 3.996: hidden is h / 2^HIDDEN_BITS
HIDDEN_BITS = 8
UPDATE_ALWAYS = 256  # the update rate is update / 256
DTYPES = {"w1": "<i1", "b1": "<i4", "k1": "<u1", "w2": "<i1", "k2": "<u1"}  # of the arrays of a rule, in every file


@dataclass(frozen=True, eq=False)
class Rule:
    """Weights and shifts of one automaton with C channels and H hidden units.

    w1: (H, 4C) in [-127, 127]; columns are filter-major: all identity, all x, all y, all laplacian.
    b1: (H,), any integer that keeps its row below 2^24.
    k1: (H,) in [0, 20]; hidden = clamp(floor((w1 @ perception + b1) / 2^k1), 0, 1023).
    w2: (C, H) in [-127, 127].
    k2: (C,) in [1, 20]; update = floor((w2 @ hidden + 2^(k2 - 1)) / 2^k2).
    update: in [1, 256]; a cell is updated with probability update / 256.

    Raises UserError if a shape or a value is out of range, or a row's sum could reach 2^24.

    >>> rule = nca.gallery["lava"].rule
    >>> rule.channels, rule.hidden, rule.w1.shape, rule.update
    (12, 96, (96, 48), 128)
    """

    w1: Integers
    b1: Integers
    k1: Integers
    w2: Integers
    k2: Integers
    update: int = UPDATE_ALWAYS // 2

    def __post_init__(self) -> None:
        """Freeze the arrays and prove the bounds."""
        for name, values in self.arrays().items():
            object.__setattr__(self, name, frozen_integers("rule", name, values))
        self._check_shapes()
        check_range("rule", "w1", self.w1, -WEIGHT_MAX, WEIGHT_MAX)
        check_range("rule", "w2", self.w2, -WEIGHT_MAX, WEIGHT_MAX)
        check_range("rule", "b1", self.b1, 1 - EXACT, EXACT - 1)
        check_range("rule", "k1", self.k1, 0, SHIFT_MAX)
        check_range("rule", "k2", self.k2, 1, SHIFT_MAX)
        check_range("rule", "update", frozen_integers("rule", "update", self.update), 1, UPDATE_ALWAYS)
        for layer, worst in enumerate(self.worst_cases(), start=1):
            check_worst(f"layer {layer}", worst)

    def _check_shapes(self) -> None:
        if self.w1.ndim != 2 or self.w2.ndim != 2 or self.channels not in CHANNELS:
            raise UserError(
                f"rule of shapes w1 {self.w1.shape}, w2 {self.w2.shape}: expected (H, 4C) and (C, H) "
                f"with C one of {CHANNELS}"
            )
        if self.hidden % 4 or not 4 <= self.hidden <= MAX_HIDDEN:
            raise UserError(f"rule with {self.hidden} hidden units: expected a multiple of 4 from 4 to {MAX_HIDDEN}")
        shapes = self.shapes(self.channels, self.hidden)
        for name, values in self.arrays().items():
            if values.shape != shapes[name]:
                raise UserError(f"rule's {name} has shape {values.shape}: expected {shapes[name]}")

    @staticmethod
    def shapes(channels: int, hidden: int) -> dict[str, tuple[int, ...]]:
        """The shapes of the arrays of a rule with C channels and H hidden units, by name."""
        C, H = channels, hidden
        return {"w1": (H, 4 * C), "b1": (H,), "k1": (H,), "w2": (C, H), "k2": (C,)}

    def arrays(self) -> dict[str, Integers]:
        """w1, b1, k1, w2 and k2 by name, in the order of the files; `DTYPES` has their types in files."""
        return {name: getattr(self, name) for name in DTYPES}

    @property
    def channels(self) -> int:
        """C, the number of values of each cell."""
        return int(self.w2.shape[0])

    @property
    def hidden(self) -> int:
        """H, the number of hidden units."""
        return int(self.w1.shape[0])

    @property
    def parameters(self) -> int:
        """The number of trained numbers."""
        return self.w1.size + self.b1.size + self.w2.size

    @property
    def byte_count(self) -> int:
        """The size of the arrays in bytes: one for each number of w1, k1, w2 and k2, four for each of b1."""
        return self.parameters + 3 * self.b1.size + self.k1.size + self.k2.size

    def real_weights(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """w1 (H, 4C), b1 (H,) and w2 (C, H) in real units, exactly: each is an integer times a power of two."""
        q1, q2 = self.k1 + HIDDEN_BITS - STATE_BITS, self.k2 + STATE_BITS - HIDDEN_BITS
        w1, b1, w2 = self.w1 * 0.5 ** q1[:, None], self.b1 * 0.5 ** (q1 + STATE_BITS), self.w2 * 0.5 ** q2[:, None]
        return w1.astype(np.float32), b1.astype(np.float32), w2.astype(np.float32)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of a hash that identifies the rule."""
        arrays = *self.arrays().values(), np.array(self.update)
        return hashlib.sha256(b"".join(array.astype("<i8").tobytes() for array in arrays)).hexdigest()[:16]

    def worst_cases(self) -> tuple[Integers, Integers]:
        """The largest possible magnitude of each row's partial sums: (H,) and (C,), below 2^24 in a valid rule."""
        first = np.abs(self.w1).sum(axis=1) * STATE_MAX + np.abs(self.b1)
        second = np.abs(self.w2).sum(axis=1) * HIDDEN_MAX + (1 << self.k2 >> 1)
        return first, second
