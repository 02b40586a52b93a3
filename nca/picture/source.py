"""Where a picture's bytes come from: a regular file or stdin. What is neither, and what is no picture, is named."""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nca.errors import UserError
from nca.reading import special

__all__ = ["HEIC", "MOST_PIXELS", "SMALLEST", "STDIN", "begins", "check_name", "not_a_picture", "open_source"]

STDIN = Path("-")
SMALLEST = 16  # px a side: below this there is no texture to speak of
MOST_PIXELS = 1 << 26  # 8192 x 8192: a decompression bomb is far larger
MOST_BYTES = 8 * MOST_PIXELS + (1 << 20)  # red, green, blue and alpha of 16 bits, uncompressed

ADDRESS = re.compile(r"(?i)(https?|ftp|file|data|blob):")
HEIC = re.compile(rb"(?s).{4}ftyp(hei|hev|mif1|msf1)")

# How files begin that are often taken for pictures, and the way out.
OTHERS = {
    HEIC: "it is HEIC, damaged or without its reader: pip install 'nca-texture[heif]', or convert it to PNG",
    re.compile(rb"(?s).{4}ftypavi"): "it is AVIF, damaged or unknown to this Pillow: convert it to PNG",
    re.compile(rb"(?s).{4}ftyp"): "it is a movie: save one of its frames as PNG",
    re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "): "it is JPEG XL: convert it to PNG",
    re.compile(rb"\s*%!PS|\xc5\xd0\xd3\xc6"): "it is PostScript, which is a program: export it as PNG",
    re.compile(rb"\s*%PDF"): "it is a PDF: export its page as PNG",
    re.compile(rb"8BPS|gimp xcf"): "it is a picture in layers: export it as PNG",
    re.compile(rb"(?is)(\xef\xbb\xbf)?\s*(<!doctype html|<html)"): "it is a web page: download the picture itself",
    re.compile(rb"(?is)(\xef\xbb\xbf)?\s*<(\?xml|!doctype svg|!--|svg)"): "it is SVG or other XML: export it as PNG",
    re.compile(rb"\x76\x2f\x31\x01|#\?(RADIANCE|RGBE)"): "it is EXR or HDR, light instead of colours: export it as PNG",
    re.compile(rb"(?s)\x89PNG|\xff\xd8\xff|GIF8|RIFF.{4}WEBP|II\*\0|MM\0\*|\0\0\x01\0"): "it is damaged",
    re.compile(rb"\Z"): "it is empty",
}


def check_name(path: Path) -> None:
    """Refuse the address of a picture, whose // a Path may have made /. Raises UserError."""
    if ADDRESS.match(str(path)):
        address = re.sub("(?i)^(https?|ftp):/+", r"\1://", str(path))
        raise UserError(f"{address:.200} is an address: download the picture, then name the file")


@contextmanager
def open_source(path: Path) -> Iterator[BinaryIO]:
    """A seekable file, opened without waiting for anyone. Raises UserError."""
    check_name(path)
    if path == STDIN:
        yield io.BytesIO(_stdin())
        return
    with _open(path) as file:
        yield file


def begins(file: BinaryIO, kind: re.Pattern[bytes]) -> bool:
    """Whether a file's first bytes are of this kind."""
    file.seek(0)
    return bool(kind.match(file.read(256)))


def not_a_picture(name: str, file: BinaryIO) -> UserError:
    """Say what a file is instead, where its first bytes tell."""
    hint = next((f"; {hint}" for kind, hint in OTHERS.items() if begins(file, kind)), "")
    return UserError(f"{name} is not a picture that Pillow can read: expected PNG, JPEG, WebP or the like{hint}")


def _open(path: Path) -> BinaryIO:
    try:
        found = path.stat()
        if special(found.st_mode):  # opening a FIFO waits for its writer
            raise UserError(f"{path} is a pipe or a device: expected a file, or - for stdin")
        if found.st_size > MOST_BYTES:
            raise UserError(f"{path} holds {found.st_size:,} bytes: expected a picture of at most {MOST_BYTES:,}")
        return path.open("rb")
    except FileNotFoundError:
        raise UserError(f"{path}: no such picture") from None
    except (OSError, ValueError) as error:  # ValueError: of a NUL in the name
        raise UserError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _stdin() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise UserError("- is stdin, where nothing is piped: expected a picture, as in `nca train - < moss.png`")
    content = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UserError(f"stdin holds more than {MOST_BYTES:,} bytes: expected a picture")
    return content
