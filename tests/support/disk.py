"""What tests of files share."""

import struct
import zlib

import pytest

from nca import UserError

__all__ = ["claimed", "refusal", "tree"]


def tree(folder):
    """Every file below a folder and its content, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def claimed(width, height):
    """A PNG of a few bytes whose header claims any size."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def refusal(call, *args, **options):
    """The one line with which a call refuses."""
    with pytest.raises(UserError) as refused:
        call(*args, **options)
    message = str(refused.value)
    assert "\n" not in message
    return message
