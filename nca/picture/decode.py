"""From a file to Pillow's image: only by formats that decode, upright, and as far as a damaged file goes."""

import logging
from contextlib import suppress
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from nca.errors import UserError
from nca.picture.colour import over_white
from nca.picture.damage import ROW_BY_ROW, ends_grey, forgiving, is_row_by_row, present_rows
from nca.picture.depth import is_deep, is_deep_colour, strips, widen
from nca.picture.source import HEIC, MOST_PIXELS, SMALLEST, begins, not_a_picture

__all__ = ["decode"]

# Others of Pillow's run programs (EPS runs Ghostscript), read other files or are no pictures.
FORMATS = (
    *("PNG", "JPEG", "MPO", "GIF", "WEBP", "AVIF", "HEIF", "TIFF", "BMP", "DIB", "PPM", "JPEG2000"),
    *("TGA", "DDS", "QOI", "ICO", "PCX", "SGI"),
)
MOST = {"WEBP": MOST_PIXELS * 3 // 4}  # pixels: Pillow takes 16 bytes for each of WebP's
LARGE = 1 << 24  # pixels: reading more takes a second or longer
SCAN = b"\xff\xda"  # begins each pass of a JPEG over the whole picture
MOST_SCANS = 100  # cameras and tools make up to some 12: a few bytes each can cost a second

log = logging.getLogger(__name__)


def decode(file: BinaryIO, name: str) -> Image.Image:
    """A picture as its file stores it, upright; of an animation the first frame that is not of one colour.

    Warns where a file is damaged or ends early, and leaves its missing rows out. Raises UserError where it is no
    picture, or too small, too large or too damaged a one.
    """
    image = _identify(file, name)
    _check_size(name, image)
    if image.width * image.height > LARGE:
        log.info("Reading %s, %dx%d pixels", name, *image.size)
    _check_scans(name, image, file)
    deep = is_deep_colour(image)
    try:
        image.load()
        image = _first_frame(image)
    except MemoryError:
        raise
    except Exception as error:  # each of Pillow's formats raises what it likes
        image = _rescue(file, name, error)
    if ends_grey(image):
        image = _present(image, name)
    if deep:
        widen(image, _open(file), name)
    with suppress(Exception):  # a damaged EXIF block does not keep the picture from being seen
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _open(file: BinaryIO) -> Image.Image:
    Image.init()
    if begins(file, HEIC):
        with suppress(ImportError):
            import pillow_heif

            pillow_heif.register_heif_opener()
    return Image.open(file, formats=[each for each in FORMATS if each in Image.OPEN])


def _identify(file: BinaryIO, name: str) -> Image.Image:
    try:
        return _open(file)
    except Image.DecompressionBombError as error:
        raise UserError(f"{name} is too large a picture: {error}") from None
    except MemoryError:
        raise
    except Exception:  # SyntaxError, RuntimeError, NotImplementedError...
        with forgiving():
            try:
                image = _open(file)
            except Exception:
                raise not_a_picture(name, file) from None
    if image.format not in ROW_BY_ROW:  # an ICO is read as it is opened, with black for what is missing
        raise not_a_picture(name, file)
    log.warning("%s has damaged notes beside its pixels, which are left out", name)
    return image


def _check_size(name: str, image: Image.Image) -> None:
    width, height = image.size
    most = MOST.get(image.format or "", MOST_PIXELS)
    if min(width, height) < SMALLEST:
        raise UserError(f"{name} is {width}x{height}: expected a picture of at least {SMALLEST}x{SMALLEST} pixels")
    if width * height > most:
        raise UserError(f"{name} is {width}x{height}: expected at most {most:,} pixels; scale it down first")


def _check_scans(name: str, image: Image.Image, file: BinaryIO) -> None:
    if image.format in ("JPEG", "MPO"):
        place = file.tell()
        file.seek(0)
        scans = file.read().count(SCAN)
        file.seek(place)
        if scans > MOST_SCANS:
            raise UserError(f"{name} is a JPEG of {scans} scans: expected at most {MOST_SCANS}; convert it to PNG")


def _first_frame(image: Image.Image) -> Image.Image:
    """Go to the first frame that shows something; to the first of all where none does, or where frames are damaged."""
    if not hasattr(image, "seek") or image.format not in ("GIF", "PNG", "WEBP", "AVIF"):
        return image
    with suppress(Exception):  # EOFError after the last frame, and anything where one is damaged
        for frame in range(1, MOST_PIXELS // (image.width * image.height)):
            if not _is_flat(image):
                return image
            image.seek(frame)
            image.load()
    image.seek(0)
    image.load()
    return image


def _is_flat(image: Image.Image) -> bool:
    if is_deep(image):
        return False
    corner = np.asarray(over_white(image.crop((0, 0, 1, 1))))
    return all((np.asarray(over_white(image.crop(strip))) == corner).all() for strip in strips((0, 0, *image.size)))


def _rescue(file: BinaryIO, name: str, error: Exception) -> Image.Image:
    """The rows that a damaged file still holds, for formats of which browsers show them."""
    reason = " ".join(str(error).split())  # libheif's has several lines
    damaged = UserError(f"{name} is a damaged picture ({reason}): expected a complete one")
    with forgiving():
        try:
            image = _open(file)
            row_by_row = is_row_by_row(image)
            image.load()
        except Exception:
            raise damaged from None
    top, bottom = present_rows(image)
    if bottom - top < SMALLEST or not row_by_row:
        raise damaged
    return _present(image, name)


def _present(image: Image.Image, name: str) -> Image.Image:
    """The rows that are there. Warns of the others."""
    top, bottom = present_rows(image)
    missing = image.height - (bottom - top)
    lost = f"{missing} of its {image.height} rows, missing or of one colour, are left out"
    log.warning("%s is damaged or ends early: %s", name, lost if missing else "what is there is used")
    return image.crop((0, top, image.width, bottom)) if missing else image
