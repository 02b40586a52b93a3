"""Reading the picture of a texture, and writing one."""

import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nca.errors import UserError

__all__ = ["SMALLEST", "load_picture", "natural_scale", "picture_bytes", "scale_picture"]

SMALLEST = 16  # below this there is no texture to speak of
WAVELENGTH = 8.0  # cells: half of the detail of what trains well in minutes is finer than this
SMALLEST_SCALED = 64  # px
MOST_PIXELS = 1 << 26  # 8192 x 8192: a decompression bomb is far larger


def load_picture(path: Path) -> NDArray[np.uint8]:
    """The middle square of a picture: (side, side, 3) sRGB bytes.

    Transparent parts become white; of an animation the first frame counts.
    Raises UserError where the file is no picture, or one too small or too large.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of sizes and damages; those that matter are errors here
        with _open(path) as image:
            _check_size(path, *image.size)
            side = min(image.size)
            return np.asarray(ImageOps.fit(_flatten(path, image), (side, side)))


def scale_picture(picture: NDArray[np.uint8], scale: float, size: int) -> NDArray[np.uint8]:
    """A square picture scaled by a factor, at least to 16 px, and its middle cut out where it is larger than size."""
    side = max(SMALLEST, round(scale * len(picture)))
    scaled = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))
    start = max(0, (side - size) // 2)
    return scaled[start : start + size, start : start + size]


def natural_scale(picture: NDArray[np.uint8]) -> float:
    """The scale, at most 1, that brings the median wavelength of a square picture's power to 8 cells.

    An automaton's cells see their neighbours only: what is wider than some 20 cells takes it long to learn. Nothing is
    scaled below 64 px, where too few of a texture's elements would be left.
    """
    side = len(picture)
    hann = np.hanning(side + 2)[1:-1]  # or the border, where left and right do not fit, would count as detail
    pixels = (picture - picture.mean((0, 1))) * (hann[:, None] * hann)[..., None]
    power = (np.abs(np.fft.fft2(pixels, axes=(0, 1))) ** 2).sum(-1).ravel()
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)).ravel()
    order = np.argsort(frequency)
    power = np.where(frequency[order] > 2.5 / side, power[order], 0).cumsum()  # waves wider than that are light's
    median = frequency[order][np.searchsorted(power, power[-1] / 2)]
    return float(min(1.0, max(WAVELENGTH * median, SMALLEST_SCALED / side)))


def picture_bytes(picture: NDArray[np.uint8]) -> bytes:
    """(height, width, 3) bytes as a PNG file's content."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def _open(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such picture") from None
    except Image.DecompressionBombError as error:
        raise UserError(f"{path} is too large a picture: {error}") from None
    except OSError as error:
        if error.strerror:
            raise UserError(f"{path} cannot be read: {error.strerror}") from None
        raise _unreadable(path) from None
    except Exception:  # each of Pillow's formats raises what it likes: SyntaxError, RuntimeError, NotImplementedError
        raise _unreadable(path) from None


def _unreadable(path: Path) -> UserError:
    return UserError(f"{path} is not a picture that Pillow can read: expected PNG, JPEG, WebP or the like")


def _check_size(path: Path, width: int, height: int) -> None:
    if min(width, height) < SMALLEST:
        raise UserError(f"{path} is {width}x{height}: expected a picture of at least {SMALLEST}x{SMALLEST} pixels")
    if width * height > MOST_PIXELS:
        raise UserError(f"{path} is {width}x{height}: expected at most {MOST_PIXELS:,} pixels; scale it down first")


def _flatten(path: Path, image: Image.Image) -> Image.Image:
    try:
        upright = _eight_bit(ImageOps.exif_transpose(image))
        if upright.has_transparency_data:
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright.convert("RGBA"))
        return upright.convert("RGB")
    except Exception as error:  # as above
        raise UserError(f"{path} is a damaged picture ({error}): expected a complete one") from None


def _eight_bit(image: Image.Image) -> Image.Image:
    """Greys of 16 bits to 8; Pillow's convert cuts them off at 255 (python-pillow issue 3011)."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
