"""What arguments may be. Those of several functions are checked here, once."""

from collections.abc import Iterable, Sequence
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

from nca.errors import UserError
from nca.rule.decoder import DETAILS

__all__ = ["LARGEST", "LAST_SEED", "StrPath", "as_path", "as_paths", "check_detail", "check_range", "grid", "is_whole"]

StrPath = str | PathLike[str]

LARGEST = 4096  # cells across or down
LAST_SEED = (1 << 32) - 1


def check_range(**values: tuple[int, int, int | None]) -> None:
    """Raise UserError if a value is no whole number between its bounds. None is no bound."""
    for name, (value, least, most) in values.items():
        if not is_whole(value) or value < least or (most is not None and value > most):
            expected = f"from {least}" if most is None else f"from {least} to {most}"
            raise UserError(f"{name} is {str(value)[:60]}: expected a whole number {expected}")


def is_whole(value: object) -> bool:
    """NumPy's integers are, too. True and False are none that anybody means."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_detail(detail: int | None) -> None:
    """Raise UserError unless it is 1, 2, 4 or 8, or None for the texture's own."""
    if detail is not None and not (is_whole(detail) and detail in DETAILS):
        raise UserError(f"detail is {str(detail)[:60]}: expected one of {DETAILS} pixels a cell")


def grid(size: int | tuple[int, int]) -> tuple[int, int]:
    """Cells across and down, of a square for one number. Raises UserError."""
    both: Any = (size, size) if is_whole(size) else size
    if not isinstance(both, Sequence) or isinstance(both, str) or len(both) != 2:
        raise UserError(f"size is {str(size)[:60]}: expected the cells of a side, or of width and height")
    width, height = both
    check_range(width=(width, 1, LARGEST), height=(height, 1, LARGEST))
    return int(width), int(height)


def as_path(name: StrPath) -> Path:
    """A path. Raises UserError for what is none."""
    if not isinstance(name, str | PathLike):
        raise UserError(f"{str(name)[:60]} is of type {type(name).__name__}: expected a path")
    return Path(name)


def as_paths(names: StrPath | Sequence[StrPath]) -> list[Path]:
    """One path or several. Raises UserError for what is none."""
    if isinstance(names, Iterable) and not isinstance(names, str | bytes | PathLike):
        return [as_path(each) for each in names]
    return [as_path(names)]
