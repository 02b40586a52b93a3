"""Reads a file that a user names: a regular one, of a size that memory can hold."""

import errno
import stat
from pathlib import Path

__all__ = ["read_file", "special"]

MOST_BYTES = 1 << 30  # a session of 4096 x 4096 cells has less


def special(mode: int) -> str:
    """What a path is, other than a regular file or a folder; nothing for these two."""
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    return "symbolic link" if stat.S_ISLNK(mode) else "pipe" if stat.S_ISFIFO(mode) else "device"


def read_file(path: Path, most: int | None = MOST_BYTES) -> bytes:
    """Read a file without waiting for anyone. most: bytes of the largest that is taken; None: any.

    Raises OSError, whose strerror says what was expected.
    """
    found = path.stat()
    if special(found.st_mode):  # opening a FIFO waits for its writer
        raise OSError(errno.EINVAL, "a pipe or a device, expected a file", str(path))
    if most is not None and found.st_size > most:
        raise OSError(errno.EFBIG, f"it holds {found.st_size:,} bytes, expected at most {most:,}", str(path))
    return path.read_bytes()
