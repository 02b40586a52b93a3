"""Draws the example pictures, 128 px each, tileable: `python examples/draw.py [FOLDER]`."""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 128
Y, X = np.mgrid[:SIZE, :SIZE]
Field = NDArray[np.float64]  # (SIZE, SIZE)


def noise(seed: int, scale: float) -> Field:
    """Smooth periodic noise of mean 0 and deviation 1; scale: the blur's sigma in pixels."""
    frequency = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.fftfreq(SIZE))
    blur = np.exp(-2 * (np.pi * scale * frequency) ** 2)
    blur[0, 0] = 0
    white = np.random.default_rng(seed).standard_normal((SIZE, SIZE))
    smooth = np.fft.ifft2(np.fft.fft2(white) * blur).real
    return smooth / smooth.std()


def band(seed: int, period: float, width: float) -> Field:
    """Noise of one wavelength in all directions: the stripes of a Turing pattern."""
    frequency = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.fftfreq(SIZE))
    ring = np.exp(-(((frequency * period - 1) / width) ** 2))
    white = np.random.default_rng(seed).standard_normal((SIZE, SIZE))
    stripes = np.fft.ifft2(np.fft.fft2(white) * ring).real
    return stripes / stripes.std()


def cells(seed: int, across: int, jitter: float) -> tuple[Field, Field, NDArray[np.int64]]:
    """Distances to the nearest and second nearest of jittered points on the torus, and which is nearest (Worley 1996)."""
    random = np.random.default_rng(seed)
    points = (np.stack(np.mgrid[:across, :across], -1) + 0.5 + jitter * random.uniform(-0.5, 0.5, (across, across, 2)))
    points = points.reshape(-1, 2) * SIZE / across
    away = np.abs(np.stack([Y, X], -1)[:, :, None] + 0.5 - points)
    distance = np.linalg.norm(np.minimum(away, SIZE - away), axis=-1)  # (SIZE, SIZE, points)
    nearest = np.sort(distance, axis=-1)
    return nearest[..., 0], nearest[..., 1], distance.argmin(-1)


def paint(value: Field, *stops: tuple[float, str]) -> Field:
    """Colour a field through stops of (value, "#rrggbb"): (SIZE, SIZE, 3) in [0, 1]."""
    colours = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for _, colour in stops])
    return np.stack([np.interp(value, [at for at, _ in stops], channel) for channel in colours.T], -1)


def coral() -> Field:
    """Branching ridges, lit from above."""
    ridge = np.tanh(1.6 * band(1, 14, 0.25))
    light = np.roll(ridge, 1, 0) - np.roll(ridge, -1, 0)
    shade = paint(ridge, (-1, "#10243f"), (-0.3, "#1d4a63"), (0.2, "#e2694c"), (1, "#ffd9a8"))
    return shade + 0.16 * light[..., None]


def lava() -> Field:
    """Dark plates, and the glow between them."""
    first, second, _ = cells(3, 7, 0.9)
    gap = (second - first) + 0.8 * noise(4, 2)
    crust = paint(gap, (0, "#fff3b0"), (1.5, "#ffb020"), (3, "#d83a10"), (5, "#4a1410"), (8, "#1c1114"), (14, "#2b2024"))
    return crust + 0.02 * noise(5, 0.7)[..., None]


def pebbles() -> Field:
    """Round stones of a few colours, with shadows between."""
    first, second, which = cells(6, 8, 0.8)
    height = np.clip((second - first) / 6, 0, 1) ** 0.5
    light = height * (0.75 + 0.035 * (np.roll(first, -2, 0) - np.roll(first, 2, 0)))
    colour = paint(np.random.default_rng(7).random(64)[which], (0, "#8f8474"), (0.5, "#c9b79c"), (0.8, "#6f7b86"), (1, "#b5553f"))
    return colour * light[..., None] * 1.15 + 0.015 * noise(8, 0.7)[..., None]


def weave() -> Field:
    """Two strands over and under, a basket."""
    period = 16
    u, v = (X % (2 * period)) // period, (Y % (2 * period)) // period
    over = u == v
    along, across = np.where(over, X, Y) % period, np.where(over, Y, X) % period
    round_ = np.sin(np.pi * (across + 0.5) / period) * (0.6 + 0.4 * np.sin(np.pi * (along + 0.5) / period))
    fibre = 0.06 * np.sin(2 * np.pi * across / 4)
    return np.where(over[..., None], paint(round_ + fibre, (0, "#2a1608"), (1, "#e8bf86")), paint(round_ + fibre, (0, "#1d0f06"), (1, "#c98d4f")))


def scales() -> Field:
    """Overlapping fish scales."""
    period = 16
    best = np.zeros((SIZE, SIZE, 3))
    for row in range(-1, SIZE // (period // 2) + 2):
        shift = period // 2 * (row % 2)
        dx = (X + 0.5 - shift) % period - period / 2
        dy = Y + 0.5 - row * (period // 2)
        radius = np.hypot(dx, dy)
        inside = (radius < period / 2 + 1.2) & (dy > -period / 2)
        tone = paint(radius / (period / 2), (0, "#0d5b63"), (0.6, "#1f9a8c"), (0.9, "#b9f0c8"), (1.05, "#0a2c35"))
        best = np.where((inside & (dy >= 0))[..., None], tone, best)
    return best


PICTURES = {draw.__name__: draw for draw in (coral, lava, pebbles, weave, scales)}


def main(folder: Path) -> None:
    """Draw all pictures into a folder."""
    for name, draw in PICTURES.items():
        Image.fromarray((draw().clip(0, 1) * 255).round().astype(np.uint8)).save(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
