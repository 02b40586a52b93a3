"""Pictures as the bytes of a PNG, WebP, GIF or MP4 file."""

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

LONGEST_SIDE = 16_383  # pixels; WebP's limit
MOST_BYTES = 1 << 31  # all pictures of a movie are in memory
PALETTE_PIXELS = 1 << 17  # looked at for a palette: more take seconds and change nothing

# Players take pixels without these words for BT.601 or BT.709, as they like.
_H264 = (
    "-vf scale=out_color_matrix=bt709:out_range=tv -colorspace bt709 -color_primaries bt709 -color_trc bt709 "
    "-c:v libx264 -crf 18 -pix_fmt yuv420p -movflags +faststart"
)


def encode(pictures: Pictures, suffix: str, fps: int) -> bytes:
    """A file's content.

    pictures: (height, width, 3) each, all of one size; a PNG takes one.
    suffix: one of ENCODERS. PNG and WebP keep every byte, a GIF has 255 colours, MP4 is lossy.
    fps: pictures a second, 1 to 50.

    Raises UserError where ffmpeg is missing or fails.
    """
    return ENCODERS[suffix](pictures, fps)


def check_encodable(suffix: str, count: int, width: int, height: int) -> None:
    """Refuse, before any work is done, what could not be encoded. Raises UserError."""
    size = f"{width}x{height} pixels"
    if max(width, height) > LONGEST_SIDE:
        raise UserError(f"a picture of {size}: expected at most {LONGEST_SIDE:,} a side")
    if count * width * height * 3 > MOST_BYTES:
        raise UserError(f"{count} pictures of {size}: expected at most {MOST_BYTES:,} bytes in all")
    if suffix == ".mp4":
        _ffmpeg()
        if width % 2 or height % 2:
            raise UserError(f"a movie of {size}: MP4 wants even sides; --scale 2 makes them even")


def _png(pictures: Pictures, _: int) -> bytes:
    return picture_bytes(pictures[0])


def _webp(pictures: Pictures, fps: int) -> bytes:
    images = [Image.fromarray(picture) for picture in pictures]
    return _animation(images, "WEBP", _durations(len(images), fps, 1), lossless=True)


def _gif(pictures: Pictures, fps: int) -> bytes:
    palette = _palette(pictures)
    # Dithering would boil from picture to picture.
    images = [Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    return _animation(images, "GIF", _durations(len(images), fps, 10))


def _palette(pictures: Pictures) -> Image.Image:
    """Colours for all pictures, so that none flickers.

    255, not 256: Pillow then has one to spare for pixels that stay as they were, and the file is a third of the size.
    """
    pixels = np.concatenate([picture.reshape(1, -1, 3) for picture in pictures], axis=1)
    some = pixels[:, :: pixels.shape[1] // PALETTE_PIXELS | 1]  # an odd stride meets every column of an even picture
    return Image.fromarray(np.ascontiguousarray(some)).quantize(255, Image.Quantize.MEDIANCUT, kmeans=1)


def _durations(count: int, fps: int, unit: int) -> list[int]:
    """Milliseconds of each picture, in whole units, that add up to the right time."""
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
        movie = Path(folder) / "movie.mp4"  # a pipe will not do: MP4's index is written last and moved to the front
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
