"""The checks that arrays of integers must pass before a rule or a decoder computes with them.

Values must be integers in a range, and every partial sum must stay below 2^24. docs/format.md has the proof.
"""

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError

__all__ = ["EXACT", "SHIFT_MAX", "WEIGHT_MAX", "Integers", "check_range", "check_worst", "frozen_integers"]

EXACT = 1 << 24  # float32 represents every integer below this
WEIGHT_MAX = 127
SHIFT_MAX = 20

Integers = NDArray[np.int64]


def frozen_integers(owner: str, name: str, values: object) -> Integers:
    """A read-only int64 copy. Raises UserError if a value is no integer, or its type is larger than int64.

    owner: "rule" or "decoder", for the message. name: of the array.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or not np.can_cast(array.dtype, np.int64):
        raise UserError(f"{owner}'s {name} holds {array.dtype}: expected integers")
    array = array.astype(np.int64)
    array.setflags(write=False)
    return array


def check_range(owner: str, name: str, values: Integers, low: int, high: int) -> None:
    """Raises UserError that names the first value outside [low, high]."""
    outside = values[(values < low) | (values > high)]
    if outside.size:
        raise UserError(f"{owner}'s {name} holds {outside.flat[0]}: expected integers in [{low}, {high}]")


def check_worst(layer: str, worst: Integers) -> None:
    """Raises UserError that names the row with the largest possible sum, if that sum reaches 2^24.

    layer: its name in the message. worst: the largest possible magnitude of each row's partial sums.
    """
    row = int(worst.argmax())
    if worst[row] >= EXACT:
        raise UserError(
            f"{layer}, row {row} can reach {worst[row]:,}: expected below 2^24 = {EXACT:,}, "
            "where float32 is exact; use a smaller scale for this row"
        )
