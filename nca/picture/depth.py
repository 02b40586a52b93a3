"""Values of more than 8 bits, made bytes by their range: 12 bits in 16, floats from 0 to 1, and the like."""

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nca.errors import UserError

__all__ = ["eight_bit", "is_deep", "is_deep_colour", "strips", "widen"]

WHITES = (1, 255, 1023, 4095, 65535)  # by convention: masks and floats, 8, 10, 12 and 16 bits
DARK = 1 / 16  # of white: what stays below is black to the eye, so that another value must be meant for white
STRIP = 1 << 18  # pixels that are worked on at a time, so that a large picture takes little more than itself
SAMPLE_FORMAT, SIGNED = 339, 2  # a tag of TIFF and its value
LOW_BYTES = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}

log = logging.getLogger(__name__)

Box = tuple[int, int, int, int]
Values = NDArray[Any]
Convert = Callable[[Image.Image], Image.Image]


def strips(box: Box) -> Iterator[Box]:
    """A box (left, top, right, bottom) in strips of rows."""
    left, top, right, bottom = box
    rows = max(1, STRIP // (right - left))
    for row in range(top, bottom, rows):
        yield left, row, right, min(row + rows, bottom)


def is_deep(image: Image.Image) -> bool:
    """Whether this is a grey picture of integers of 16 or 32 bits, or of floats."""
    return image.mode.startswith(("I", "F"))


def eight_bit(image: Image.Image, name: str) -> Convert:
    """A function that makes bytes of a strip of this picture, whose range is that of the whole picture.

    Pillow's own convert cuts values off at 255 (python-pillow issue 3011). Warns where values are not of the range
    that their type can hold. Raises UserError where no value is finite.
    """
    if not is_deep(image):
        return lambda strip: strip
    signed = image.format != "TIFF" or SIGNED in getattr(image, "tag_v2", {}).get(SAMPLE_FORMAT, ())

    def values(strip: Image.Image) -> Values:
        array = np.asarray(strip)
        return array if signed or strip.mode != "I" else array.view(np.uint32)

    black, white = _range(name, (values(image.crop(box)) for box in strips((0, 0, *image.size))))
    return lambda strip: _grey(values(strip), black, white, strip.info.get("transparency"))


def _range(name: str, parts: Iterator[Values]) -> tuple[float, float]:
    """The values of black and of white."""
    low, high, gaps = np.inf, -np.inf, 0
    for part in parts:
        finite = part[np.isfinite(part)]
        gaps += part.size - finite.size
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        raise UserError(f"{name} holds no finite value: expected a picture")
    if gaps:
        log.warning("%s holds %s values that are NaN or infinite: they become black or white", name, f"{gaps:,}")
    black, white = (low, high) if low < 0 else (0, _white(high))
    if white not in (1, 65535):
        log.warning("%s holds values from %g to %g: %g counts as black, %g as white", name, low, high, black, white)
    return black, white


def _white(high: float) -> float:
    """The least white by convention that holds all values, or the highest value where that would be too dark."""
    white = next((white for white in WHITES if high <= white), np.inf)
    return white if high >= white * DARK else high or 1


def _bytes(values: Values, black: float, white: float) -> NDArray[np.uint8]:
    """Values as bytes, all 256 of them as wide; of 16 bits these are the high bytes."""
    part = (np.nan_to_num(values.astype(np.float64), posinf=white, neginf=black) - black) / max(white - black, 1e-300)
    return (part.clip(0, 1) * 255.9999).astype(np.uint8)


def _grey(values: Values, black: float, white: float, transparent: Any) -> Image.Image:
    grey = Image.fromarray(_bytes(values, black, white))
    if isinstance(transparent, int):  # one value, which PNG calls so
        grey.putalpha(Image.fromarray((values != transparent).astype(np.uint8) * 255))
    return grey


def is_deep_colour(image: Image.Image) -> bool:
    """Whether Pillow, whose colours have 8 bits, will read the high bytes alone of colours of 16 bits."""
    return image.mode in ("RGB", "RGBA") and any(_raw_mode(tile).endswith(tuple(LOW_BYTES)) for tile in _tiles(image))


def widen(image: Image.Image, low: Image.Image, name: str) -> None:
    """Colours of at most 12 bits in 16, whose high bytes are nearly black, made bytes by their range, in place.

    low: the same picture, opened but not loaded yet: its low bytes are read by the wrong order of bytes.
    """
    highest = np.array(image.getextrema())[:3].max()
    if highest >= 256 * DARK or low.size != image.size:
        return
    low.tile = [_swapped(tile) for tile in _tiles(low)]  # type: ignore[attr-defined]
    boxes = list(strips((0, 0, *image.size)))
    white = _white(max(int(_colours(image, low, box).max()) for box in boxes))
    log.warning("%s holds values up to %g of 65,535: that counts as white", name, white)
    for box in boxes:
        strip = Image.fromarray(_bytes(_colours(image, low, box), 0, white))
        if image.mode == "RGBA":
            strip.putalpha(image.crop(box).getchannel("A"))
        image.paste(strip, box)


def _colours(high: Image.Image, low: Image.Image, box: Box) -> Values:
    """(height, width, 3) values of 16 bits."""
    high_bytes, low_bytes = (np.asarray(image.crop(box))[..., :3].astype(np.uint16) for image in (high, low))
    return high_bytes << 8 | low_bytes


def _tiles(image: Image.Image) -> Sequence[Any]:
    """Pillow's (decoder, extents, offset, arguments) of what is still to be loaded."""
    return getattr(image, "tile", ())


def _raw_mode(tile: Any) -> str:
    """How values lie in the file, which is the arguments or the first of them."""
    return str(tile[3] if isinstance(tile[3], str) else (tile[3] or ("",))[0])


def _swapped(tile: Any) -> Any:
    mode = _raw_mode(tile)
    mode = mode[:-3] + LOW_BYTES[mode[-3:]]
    arguments = mode if isinstance(tile[3], str) else (mode, *tile[3][1:])
    return tile._replace(args=arguments) if hasattr(tile, "_replace") else (*tile[:3], arguments)  # since Pillow 11
