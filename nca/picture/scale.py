"""Scaling a picture by its detail."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nca.picture.source import SMALLEST

__all__ = ["has_detail", "natural_detail", "natural_scale", "scale_picture"]

WAVELENGTH = 8  # cells: half of the detail of what trains well in minutes is finer than this
SMALLEST_SCALED = 64  # px
LIGHT = 2.5  # waves across the picture: what is wider is its light, not its texture
LARGE = 4096  # px a side: above this the spectrum is that of the picture at half its size
AUTOMATIC = (4, 2)  # details that are chosen by themselves, if the picture has the pixels
ROWS = 16  # at a time: they stay in the cache

Picture = NDArray[np.uint8]
Array = NDArray[np.float64]


def scale_picture(picture: Picture, scale: float, size: int, detail: int = 1) -> Picture:
    """A square picture with detail x detail pixels for each cell, and its middle where it has more cells than size.

    scale: cells for each pixel of the picture; there are at least 16 cells across.
    """
    cells = _cells(picture, scale)
    side, scaled = detail * cells, picture
    if side != len(picture):
        scaled = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))
    start, size = detail * max(0, (cells - size) // 2), detail * size
    return scaled[start : start + size, start : start + size]


def has_detail(picture: Picture, scale: float, detail: int) -> bool:
    """Whether a square picture has this many pixels for each cell, across and down, at a scale."""
    return detail * _cells(picture, scale) < len(picture) + detail


def natural_detail(picture: Picture, scale: float) -> int:
    """The largest detail of 1, 2 and 4 for which a square picture has pixels at a scale."""
    return next((detail for detail in AUTOMATIC if has_detail(picture, scale, detail)), 1)


def _cells(picture: Picture, scale: float) -> int:
    return max(SMALLEST, round(scale * len(picture)))


def natural_scale(picture: Picture) -> float:
    """The scale, at most 1, that brings the median wavelength of a square picture's power to 8 cells.

    An automaton's cells see their neighbours only: what is wider than some 20 cells takes it long to learn. Nothing is
    scaled below 64 px, where too few of a texture's elements would be left.
    """
    side = len(picture)
    frequency, power, total = _spectrum(picture)
    order = np.argsort(frequency)
    frequency, power = frequency[order], power[order]
    light = frequency <= LIGHT / side
    total -= power[light].sum()
    place = np.searchsorted(np.where(light, 0, power).cumsum(), total / 2)
    median = frequency[place] if place < len(frequency) else 1
    return float(min(1.0, max(WAVELENGTH * median, SMALLEST_SCALED / side)))


def _spectrum(picture: Picture) -> tuple[Array, Array, float]:
    """Frequencies up to 1/8 a pixel, the power of each, and the power of all, finer ones too.

    Whether what is finer lies at 1/7 or at 1/2 does not matter: it asks for scale 1 in either case. So a large picture
    is looked at in half its size, and the power of all comes from its pixels (Parseval's theorem).
    """
    half = 2 if len(picture) > LARGE else 1
    side = len(picture) // half * half
    across = np.fft.fftfreq(side)[: side // WAVELENGTH + 1]
    down = np.concatenate([across, -across[:0:-1]])
    rows, energy = _rows(picture[:side, :side], half, len(across))
    power = np.zeros((len(down), len(across)))
    for channel in rows:
        power += np.abs(np.fft.fft(channel, axis=0)[np.r_[: len(across), 1 - len(across) : 0]]) ** 2
    power[:, 1:] *= 2  # the other half of the plane, its mirror image
    if half == 2:  # means of two neighbours damp a wave of frequency f to cos(pi f)
        power *= 16 / (np.cos(np.pi * down)[:, None] * np.cos(np.pi * across)) ** 2
    return np.hypot(down[:, None], across).ravel(), power.ravel(), energy * side**2


def _rows(picture: Picture, half: int, bins: int) -> tuple[NDArray[np.complex128], float]:
    """Waves up to 1/8 a pixel of each row, (3, side / half, bins), and the sum of the squares of all pixels."""
    side = len(picture)
    mean = picture.sum(0, dtype=np.uint32).mean(0) / side
    means = np.tile(mean, side)
    whole = np.hanning(side + 2)[1:-1]  # or the border, where left and right do not fit, would count as detail
    window = whole.reshape(-1, half).mean(1)
    rows = np.empty((3, side // half, bins), np.complex128)
    squares = np.zeros(3 * side)  # of each column, weighted by row
    for top in range(0, side, ROWS):
        strip = picture[top : top + ROWS]
        squares += whole[top : top + ROWS] ** 2 @ np.square(strip.reshape(len(strip), -1) - means)
        small = strip if half == 1 else _halved(strip)
        place = slice(top // half, top // half + len(small))
        seen = (small - mean) * (window[place, None] * window)[..., None]
        rows[:, place] = np.fft.rfft(seen.transpose(2, 0, 1))[..., :bins]
    return rows, float(squares @ np.repeat(whole**2, 3))


def _halved(strip: Picture) -> Array:
    """Means of 2 x 2 pixels, not rounded: a bias would count as light."""
    sums = strip[::2].astype(np.uint16) + strip[1::2]
    return (sums[:, ::2] + sums[:, 1::2]) / 4
