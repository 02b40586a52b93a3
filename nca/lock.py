"""A lock on an output, so that two processes never train into one folder. It ends with its process, also by a kill."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nca.errors import UserError
from nca.files import sweep_beside

__all__ = ["locked"]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of an output, .NAME.lock beside it. Missing parent folders are created; empty ones are removed.

    Raises UserError if another process holds the lock.
    """
    path = path.absolute()
    missing = [parent for parent in path.parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _take(path.with_name(f".{path.name}.lock"))
    except BlockingIOError:
        reason = "another process trains into it: wait for that one, or choose another name"
        raise UserError(f"{path.name} cannot be written: {reason}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from None
    try:
        sweep_beside(path)
        yield
    finally:
        _give_back(file, path.with_name(f".{path.name}.lock"))
        for parent in missing:
            with suppress(OSError):
                parent.rmdir()


def _take(path: Path) -> int:
    """The descriptor of a locked file. Raises BlockingIOError if another process has locked it."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            _lock(file)
            if os.path.samestat(os.fstat(file), path.stat()):
                return file
        except FileNotFoundError:  # the process that held it has removed it meanwhile
            pass
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _give_back(file: int, path: Path) -> None:
    if sys.platform != "win32":  # where an open file cannot be removed; an unlocked one does no harm
        path.unlink(missing_ok=True)
    os.close(file)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            raise BlockingIOError from None

else:
    import errno
    import fcntl

    def _lock(file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL):  # a disk that has no locks
                raise
