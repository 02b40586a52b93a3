"""Draws the example pictures, 128 px each, tileable: `python examples/draw.py [FOLDER]`."""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 128
Y, X = np.mgrid[:SIZE, :SIZE]
FREQUENCY = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.fftfreq(SIZE))
Field = NDArray[np.float64]  # (SIZE, SIZE), or (SIZE, SIZE, 3) colours in [0, 1]


def noise(seed: int, spectrum: Field) -> Field:
    """Periodic noise of this spectrum, of mean 0 and deviation 1."""
    white = np.random.default_rng(seed).standard_normal((SIZE, SIZE))
    field = np.fft.ifft2(np.fft.fft2(white) * spectrum).real
    return (field - field.mean()) / field.std()


def soft(sigma: float) -> Field:
    """The spectrum of a Gaussian blur, sigma in pixels."""
    return np.exp(-2 * (np.pi * sigma * FREQUENCY) ** 2)


def ring(period: float, width: float) -> Field:
    """The spectrum of one wavelength in all directions: a Turing pattern's."""
    return np.exp(-(((FREQUENCY * period - 1) / width) ** 2))


def cells(seed: int, across: int, jitter: float) -> tuple[Field, Field, NDArray[np.intp]]:
    """Distances to the nearest and second nearest of jittered points, and which is nearest (Worley 1996)."""
    random = np.random.default_rng(seed)
    grid = np.stack(np.mgrid[:across, :across], axis=-1) + 0.5
    points = (grid + jitter * random.uniform(-0.5, 0.5, grid.shape)).reshape(-1, 2) * SIZE / across
    away = np.abs(np.stack([Y, X], axis=-1)[:, :, None] + 0.5 - points)
    distance = np.linalg.norm(np.minimum(away, SIZE - away), axis=-1)  # (SIZE, SIZE, points)
    first, second = np.sort(distance, axis=-1)[..., :2].transpose(2, 0, 1)
    return first, second, distance.argmin(axis=-1)


def paint(value: Field, stops: dict[float, str]) -> Field:
    """Colour a field through stops, from value to "#rrggbb"."""
    colours = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in stops.values()])
    return np.stack([np.interp(value, list(stops), channel) for channel in colours.T], axis=-1)


def coral() -> Field:
    """Branching ridges, lit from above."""
    ridge = np.tanh(1.6 * noise(1, ring(14, 0.25)))
    light = np.roll(ridge, 1, axis=0) - np.roll(ridge, -1, axis=0)
    return paint(ridge, {-1: "#10243f", -0.3: "#1d4a63", 0.2: "#e2694c", 1: "#ffd9a8"}) + 0.16 * light[..., None]


def lava() -> Field:
    """Dark plates, and the glow between them."""
    first, second, _ = cells(3, 7, 0.9)
    gap = second - first + 0.8 * noise(4, soft(2))
    glow = {0: "#fff3b0", 1.5: "#ffb020", 3: "#d83a10", 5: "#4a1410", 8: "#1c1114", 14: "#2b2024"}
    return paint(gap, glow) + 0.02 * noise(5, soft(0.7))[..., None]


def pebbles() -> Field:
    """Stones of a few colours, with shadows between."""
    first, second, which = cells(6, 8, 0.8)
    height = np.clip((second - first) / 6, 0, 1) ** 0.5
    light = height * (0.86 + 0.04 * (np.roll(first, -2, axis=0) - np.roll(first, 2, axis=0)))
    tone = np.random.default_rng(7).random(64)[which]
    stone = paint(tone, {0: "#8f8474", 0.5: "#c9b79c", 0.8: "#6f7b86", 1: "#b5553f"})
    return stone * light[..., None] + 0.015 * noise(8, soft(0.7))[..., None]


def weave() -> Field:
    """Two strands over and under, a basket."""
    strand = 16
    flat = (X // strand + Y // strand) % 2 == 0
    along, across = (np.where(flat, *order) % strand + 0.5 for order in ((X, Y), (Y, X)))
    bulge = np.sin(np.pi * across / strand) * (0.6 + 0.4 * np.sin(np.pi * along / strand))
    shade = bulge + 0.06 * np.sin(np.pi * across / 2)
    colours = paint(shade, {0: "#2a1608", 1: "#e8bf86"}), paint(shade, {0: "#1d0f06", 1: "#c98d4f"})
    return np.where(flat[..., None], *colours)


def scales() -> Field:
    """Fish scales, each row over the one below."""
    width = 16
    picture = np.zeros((SIZE, SIZE, 3))
    for row in range(-2, 2 * SIZE // width):
        x = (X + 0.5 - width // 2 * (row % 2)) % width - width / 2
        y = Y + 0.5 - row * width // 2
        radius = np.hypot(x, y) / (width / 2)
        scale = paint(radius, {0: "#0d5b63", 0.6: "#1f9a8c", 0.9: "#b9f0c8", 1.05: "#0a2c35"})
        picture = np.where(((radius < 1.15) & (y >= 0))[..., None], scale, picture)
    return picture


def main(folder: Path) -> None:
    """Draw all pictures into a folder."""
    for draw in (coral, lava, pebbles, weave, scales):
        picture = (draw().clip(0, 1) * 255).round().astype(np.uint8)
        Image.fromarray(picture).save(folder / f"{draw.__name__}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
