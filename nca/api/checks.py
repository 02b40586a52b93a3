"""What arguments may be. Those of several functions are checked here, once."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from nca.errors import UserError

__all__ = ["LARGEST", "LAST_SEED", "StrPath", "as_paths", "check_range", "grid"]

StrPath = str | PathLike[str]

LARGEST = 4096  # cells across or down
LAST_SEED = (1 << 32) - 1


def check_range(**values: tuple[int, int, int | None]) -> None:
    """Raise UserError if a value is no whole number between its bounds. None is no bound."""
    for name, (value, least, most) in values.items():
        if type(value) is not int or value < least or (most is not None and value > most):
            expected = f"from {least}" if most is None else f"from {least} to {most}"
            raise UserError(f"{name} is {str(value)[:60]}: expected a whole number {expected}")


def grid(size: int | tuple[int, int]) -> tuple[int, int]:
    """Cells across and down, of a square for one number. Raises UserError."""
    width, height = (size, size) if isinstance(size, int) else size
    check_range(width=(width, 1, LARGEST), height=(height, 1, LARGEST))
    return width, height


def as_paths(names: StrPath | Sequence[StrPath]) -> list[Path]:
    """One path or several."""
    return [Path(names)] if isinstance(names, str | PathLike) else [Path(each) for each in names]
