"""How much of a picture is there whose file is damaged or ends early."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

__all__ = ["ROW_BY_ROW", "ends_grey", "forgiving", "is_row_by_row", "present_rows"]

ROW_BY_ROW = ("PNG", "JPEG", "MPO", "GIF", "BMP", "DIB")  # shown by browsers as far as they go
GREY = 128  # what a JPEG has where its data ends
BLOCK = 16  # px a side of the largest piece that a JPEG stores as one


def is_row_by_row(image: Image.Image) -> bool:
    """Whether a picture, opened but not loaded yet, lacks its last rows alone where its file ends early."""
    interlaced = image.info.get("interlace") or (image.format == "GIF" and image.tile[0][3][1])  # type: ignore[attr-defined]
    return image.format in ROW_BY_ROW and not interlaced


def ends_grey(image: Image.Image) -> bool:
    """Whether a JPEG has an end before its last rows, so that they are grey: Pillow reads it without complaint."""
    if image.format not in ("JPEG", "MPO") or image.mode not in ("L", "RGB") or image.height < 2 * BLOCK:
        return False
    last = np.asarray(image.crop((0, image.height - BLOCK, *image.size)))
    return bool((last == GREY).all()) and present_rows(image)[1] >= BLOCK


def present_rows(image: Image.Image) -> tuple[int, int]:
    """From which row up to which a damaged picture was decoded; what is missing has the colour of the last pixel."""
    pixels = np.asarray(image).reshape(image.height, image.width, -1)
    upwards = image.format in ("BMP", "DIB")
    if upwards:
        pixels = pixels[::-1]
    rows = len(pixels)
    while rows and (pixels[rows - 1] == pixels[-1, -1]).all():
        rows -= 1
    if image.format in ("JPEG", "MPO"):
        rows = _whole_blocks(pixels, rows)
    return (image.height - rows, image.height) if upwards else (0, rows)


def _whole_blocks(pixels: NDArray[Any], rows: int) -> int:
    """The end of the last row of blocks of which at least one half is there."""
    end = rows if rows == len(pixels) else rows // BLOCK * BLOCK
    begin = max(0, end - 1) // BLOCK * BLOCK
    half = pixels[begin:end, pixels.shape[1] // 2 :]
    return begin if (half == pixels[-1, -1]).all() else end


@contextmanager
def forgiving() -> Iterator[None]:
    """Let Pillow read on where a file is damaged; it has no other switch than this global one."""
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
