"""A folder for what can be made again: the pages of `nca view`, code that Numba has compiled."""

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["cache_folder", "can_be_written"]

NAME = "nca-texture"


def cache_folder() -> Path | None:
    """The first of these that can be written: the system's folder for caches, a private one for temporary files.

    None if no folder can be written. A container can run as a user without a home, or with a home that is read-only.
    """
    return next(filter(can_be_written, _places()), None)


def _places() -> Iterator[Path]:
    try:
        home = Path.home()
    except RuntimeError:  # HOME is not set, and the system does not know this user
        home = None
    system = {"win32": ("LOCALAPPDATA", "AppData/Local"), "darwin": ("", "Library/Caches")}
    variable, usual = system.get(sys.platform, ("XDG_CACHE_HOME", ".cache"))
    chosen = Path(os.environ.get(variable, ""))
    if chosen.is_absolute():
        yield chosen / NAME
    elif home and home.is_absolute():
        yield home / usual / NAME
    yield from _private()


def _private() -> Iterator[Path]:
    """A folder for temporary files that belongs to this user alone: others must not plant code in it."""
    try:
        folder = Path(tempfile.gettempdir()) / f"{NAME}-{_user()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return
    ours = sys.platform == "win32" or (found.st_uid == _user() and not found.st_mode & 0o077)
    if stat.S_ISDIR(found.st_mode) and ours:
        yield folder


def _user() -> int:
    return os.getuid() if sys.platform != "win32" else 0  # Windows has a temporary folder for each user


def can_be_written(folder: Path) -> bool:
    """Whether a file can be created in a folder. The folder is created if it does not exist."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
