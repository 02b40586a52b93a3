"""Replacing a folder by another one, so that a kill at any instant leaves one of them at its name.

Linux and macOS exchange two folders in one move. Elsewhere the old folder is moved aside first, and if a kill hits
between the two moves, the next command moves it back.
"""

import ctypes
import os
import shutil
import sys
from pathlib import Path

__all__ = ["recover_folder", "replace_folder"]

HERE, EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS


def replace_folder(new: Path, path: Path) -> None:
    """Move a folder to a name that may be taken by another folder. That one is removed, or takes the new one's name.

    Raises OSError if nothing could be moved; the old folder is in place then.
    """
    if not path.exists():
        new.rename(path)
    elif not _exchange(new, path):
        _replace_in_two(new, path)


def _exchange(one: Path, other: Path) -> bool:
    """Whether the system and the disk could exchange two folders."""
    names = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None)
        if sys.platform == "darwin":
            return library.renamex_np(*names, EXCHANGE) == 0  # type: ignore[no-any-return]
        return library.renameat2(HERE, names[0], HERE, names[1], EXCHANGE) == 0  # type: ignore[no-any-return]
    except (AttributeError, TypeError, OSError):  # a system without it
        return False


def _replace_in_two(new: Path, path: Path) -> None:
    aside = _aside(path)
    path.rename(aside)
    try:
        new.rename(path)
    except BaseException:
        aside.rename(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def recover_folder(path: Path) -> None:
    """Move an old folder back to its name, or remove it if the new one is there."""
    aside = _aside(path)
    if not aside.is_dir() or aside.is_symlink():
        return
    if os.path.lexists(path):
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.rename(path)


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.nca-old")
