"""Compiles the functions that Python calls, and keeps the compiled code on disk where a folder can be written."""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba import config, njit

from nca.cache import cache_folder, can_be_written

__all__ = ["kept"]

settings: Any = config  # which its types leave out
log = logging.getLogger(__name__)


def kept(function: Callable[..., Any]) -> Any:
    """Compile at the first call, or take what an earlier process has compiled."""
    if not _has_place():
        return njit(nogil=True)(function)
    compiled: Any = njit(nogil=True, cache=True)(function)
    compiled._cache = _Careful(compiled._cache)
    return compiled


@cache
def _has_place() -> bool:
    """Whether Numba can keep code: where NUMBA_CACHE_DIR says, or beside this file, or in our cache folder.

    Without a HOME, Numba itself would create a folder named ~ in the current one.
    """
    if can_be_written(Path(settings.CACHE_DIR or Path(__file__).parent / "__pycache__")):
        return True
    if folder := cache_folder():
        settings.CACHE_DIR = str(folder / "numba")
        return True
    log.warning("no folder can be written for compiled code: Numba compiles it again each time")
    return False


class _Careful:
    """Numba's cache of a function, of which no fault ends a program: a full disk, or a file that was cut short."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, *arguments: Any) -> Any:
        """The compiled code of a signature, or None."""
        try:
            return self._cache.load_overload(*arguments)
        except Exception:  # pickle raises many kinds for a file that was cut short
            with suppress(OSError):
                self._cache.flush()
            return None

    def save_overload(self, *arguments: Any) -> None:
        """Keep compiled code, if that works."""
        try:
            self._cache.save_overload(*arguments)
        except Exception as error:
            log.warning("compiled code cannot be kept (%s): Numba compiles it again each time", error)
