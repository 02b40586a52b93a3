"""Encoding pictures as PNG, WebP, GIF or MP4 files."""

import io
import shutil
import subprocess
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nca.errors import UserError
from nca.picture import picture_bytes

__all__ = ["ENCODERS", "check_encodable", "encode"]

Pictures = Sequence[NDArray[np.uint8]]

LONGEST_SIDE = 16_383  # pixels, the limit of WebP
MOST_BYTES = 1 << 31  # for all pictures of a movie, which are in memory at once
PALETTE_PIXELS = 1 << 17  # sampled for a palette; more pixels take seconds and change nothing

# Without these options, players choose BT.601 or BT.709 at will.
_H264 = (
    "-vf scale=out_color_matrix=bt709:out_range=tv -colorspace bt709 -color_primaries bt709 -color_trc bt709 "
    "-c:v libx264 -crf 18 -pix_fmt yuv420p -movflags +faststart"
)


def encode(pictures: Pictures, suffix: str, fps: int) -> bytes:
    """The content of a file.

    pictures: (height, width, 3) each, all of one size; one for a PNG.
    suffix: one of ENCODERS. PNG and WebP are lossless, a GIF has 255 colours, MP4 is lossy.
    fps: pictures for each second, 1 to 50.

    Raises UserError if ffmpeg is missing or fails.
    """
    return ENCODERS[suffix](pictures, fps)


def check_encodable(suffix: str, count: int, width: int, height: int) -> None:
    """Raise UserError, before any work is done, if a movie of this size cannot be encoded."""
    size = f"{width}x{height} pixels"
    if max(width, height) > LONGEST_SIDE:
        raise UserError(f"a picture of {size}: expected at most {LONGEST_SIDE:,} a side")
    if count * width * height * 3 > MOST_BYTES:
        raise UserError(f"{count} pictures of {size}: expected at most {MOST_BYTES:,} bytes in all")
    if suffix == ".mp4":
        _ffmpeg()
        if width % 2 or height % 2:
            raise UserError(f"a movie of {size}: MP4 needs even sides; --scale 2 makes them even")


def _png(pictures: Pictures, _: int) -> bytes:
    return picture_bytes(pictures[0])


def _webp(pictures: Pictures, fps: int) -> bytes:
    images = [Image.fromarray(picture) for picture in pictures]
    return _animation(images, "WEBP", _durations(len(images), fps, 1), lossless=True)


def _gif(pictures: Pictures, fps: int) -> bytes:
    palette = _palette(pictures)
    # Dithering would flicker from picture to picture.
    images = [Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    return _animation(images, "GIF", _durations(len(images), fps, 10))


def _palette(pictures: Pictures) -> Image.Image:
    """One palette for all pictures, so that colours do not flicker.

    It has 255 colours. Pillow uses the 256th for pixels that do not change, which makes the file three times smaller.
    """
    pixels = np.concatenate([picture.reshape(1, -1, 3) for picture in pictures], axis=1)
    some = pixels[:, :: pixels.shape[1] // PALETTE_PIXELS | 1]  # odd, to reach all columns
    return Image.fromarray(np.ascontiguousarray(some)).quantize(255, Image.Quantize.MEDIANCUT, kmeans=1)


def _durations(count: int, fps: int, unit: int) -> list[int]:
    """The milliseconds of each picture, in multiples of `unit`, with the exact total."""
    ends = [round(k * 1000 / (fps * unit)) * unit for k in range(count + 1)]
    return [end - start for start, end in pairwise(ends)]


def _animation(images: list[Image.Image], kind: str, durations: list[int], **options: bool) -> bytes:
    file = io.BytesIO()
    first, *rest = images
    first.save(file, kind, save_all=True, append_images=rest, duration=durations, loop=0, **options)
    return file.getvalue()


def _mp4(pictures: Pictures, fps: int) -> bytes:
    height, width = pictures[0].shape[:2]
    options = f"-v error -f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {fps} -i - {_H264}".split()
    with TemporaryDirectory() as folder:
        movie = Path(folder) / "movie.mp4"  # not a pipe: the index of an MP4 is written last and moved to the front
        frames = b"".join(picture.tobytes() for picture in pictures)
        ran = subprocess.run([_ffmpeg(), *options, movie], input=frames, capture_output=True)  # noqa: S603
        if ran.returncode:
            raise UserError(f"ffmpeg failed: {_last_line(ran.stderr)}; name a .webp or .gif file instead")
        return movie.read_bytes()


def _ffmpeg() -> str:
    found = shutil.which("ffmpeg")
    if not found:
        raise UserError("no ffmpeg on PATH, which MP4 needs: install it, or name a .webp or .gif file")
    return found


def _last_line(output: bytes) -> str:
    return output.decode(errors="replace").strip().rpartition("\n")[2]


ENCODERS: dict[str, Callable[[Pictures, int], bytes]] = {".png": _png, ".webp": _webp, ".gif": _gif, ".mp4": _mp4}
