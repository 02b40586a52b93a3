"""Reads a file that a user names: a regular one, of a size that memory can hold."""

import errno
import stat
from pathlib import Path

__all__ = ["read_file"]

MOST_BYTES = 1 << 30  # a session of 4096 x 4096 cells has less


def read_file(path: Path, most: int | None = MOST_BYTES) -> bytes:
    """Read a file without waiting for anyone. most: bytes of the largest that is taken; None: any.

    Raises OSError, whose strerror says what was expected.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):  # opening a FIFO waits for its writer
        raise OSError(errno.EINVAL, "a pipe or a device, expected a file", str(path))
    if most is not None and found.st_size > most:
        raise OSError(errno.EFBIG, f"it holds {found.st_size:,} bytes, expected at most {most:,}", str(path))
    return path.read_bytes()
