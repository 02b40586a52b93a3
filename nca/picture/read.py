"""Reading the picture of a texture."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nca.errors import UserError
from nca.picture.colour import to_rgb
from nca.picture.decode import decode
from nca.picture.depth import Box, eight_bit, strips
from nca.picture.source import SMALLEST, STDIN, open_source

__all__ = ["load_picture", "require_texture", "taken_pixels"]

KERNEL = 4  # px on each side of the middle that ImageOps.fit looks at
ONE_COLOUR = 2  # levels between the darkest and the brightest of a picture that shows nothing


def load_picture(path: Path) -> NDArray[np.uint8]:
    """The middle square of a picture, upright: (side, side, 3) sRGB bytes.

    path: of a file, or `-` for stdin. Colours go through the picture's profile; values of more than 8 bits become
    bytes by their range; transparent parts become white; of an animation the first frame counts that shows something.
    The logger `nca` says in one line what a person should know: a damaged file, a profile that cannot be used.
    Raises UserError where the file is no picture, or one too small, too large, too damaged or beyond the memory.
    """
    name = "stdin" if path == STDIN else str(path)
    try:
        return _middle(_around_middle(path, name))
    except MemoryError:
        raise UserError(f"{name} takes more memory than there is: scale it down first") from None


def taken_pixels(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle square of a picture that is given as pixels. Raises UserError unless they are those of a picture."""
    shape, dtype = getattr(pixels, "shape", None), getattr(pixels, "dtype", type(pixels).__name__)
    if dtype != np.uint8 or shape is None or len(shape) != 3 or shape[2] != 3 or min(shape[:2]) < SMALLEST:
        found = f"{shape} of {dtype}" if shape is not None else f"a {dtype}"
        raise UserError(
            f"the picture is {found}: expected (height, width, 3) of uint8, at least {SMALLEST} px a side; or the name "
            "of a file"
        )
    return _middle(pixels)


def require_texture(picture: NDArray[np.uint8], name: str) -> None:
    """Refuse a picture, of (height, width, 3) bytes, that shows one colour. Raises UserError."""
    if np.ptp(picture, axis=(0, 1)).max() <= ONE_COLOUR:
        colour = ", ".join(map(str, picture[0, 0]))
        raise UserError(
            f"{name} is of one colour ({colour}) in its middle, transparent parts being white: expected a texture"
        )


def _around_middle(path: Path, name: str) -> NDArray[np.uint8]:
    with open_source(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of sizes and damages; those that matter are errors or logged here
        image = decode(file, name)
        return _pixels(image, _box(*image.size), name)


def _box(width: int, height: int) -> Box:
    """The middle square; where it begins between two pixels, with some of its neighbours."""
    spare = abs(width - height)
    spare = min(spare, 2 * KERNEL + 1) if spare % 2 else 0
    left, top = max(0, width - height - spare) // 2, max(0, height - width - spare) // 2
    return left, top, width - left, height - top


def _middle(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    side = min(pixels.shape[:2])
    if pixels.shape[:2] == (side, side):
        return pixels
    return np.asarray(ImageOps.fit(Image.fromarray(pixels), (side, side)))


def _pixels(image: Image.Image, box: Box, name: str) -> NDArray[np.uint8]:
    """A box of a picture as sRGB bytes: (height, width, 3)."""
    left, top, right, bottom = box
    pixels = np.empty((bottom - top, right - left, 3), np.uint8)
    try:
        small, rgb = eight_bit(image, name), to_rgb(image, name)
        for strip in strips(box):
            pixels[strip[1] - top : strip[3] - top] = np.asarray(rgb(small(image.crop(strip))))
    except (UserError, MemoryError):
        raise
    except Exception as error:  # Pillow's conversions raise what they like
        raise UserError(f"{name} is a damaged picture ({error}): expected a complete one") from None
    return pixels
