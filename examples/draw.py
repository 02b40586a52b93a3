"""Draws the example pictures, 512 px a side, tileable: `python examples/draw.py [FOLDER]`.

Every length below is in units, of which a picture has 128 across: an automaton learns most of these pictures best at
half a cell to a cell for each unit.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

UNITS = 128
SIZE = 512  # pixels
SAMPLES = 2  # for each pixel, across and down: their mean has smooth edges
FINE = SAMPLES * SIZE
STEP = UNITS / FINE  # units from sample to sample
Y, X = (np.mgrid[:FINE, :FINE] + 0.5) * STEP  # the middles of samples
FREQUENCIES = np.fft.fftfreq(FINE, STEP)  # waves a unit
FREQUENCY = np.hypot(FREQUENCIES[:, None], FREQUENCIES)
ROWS = 64  # of samples at a time, to save memory
Field = NDArray[np.float64]  # (FINE, FINE), or (FINE, FINE, 3) colours in [0, 1]


def noise(seed: int, spectrum: Field) -> Field:
    """Periodic noise of this spectrum, of mean 0 and deviation 1."""
    white = np.random.default_rng(seed).standard_normal((FINE, FINE))
    field = np.fft.ifft2(np.fft.fft2(white) * spectrum).real
    return (field - field.mean()) / field.std()


def soft(sigma: float) -> Field:
    """The spectrum of a Gaussian blur, sigma in units."""
    return np.exp(-2 * (np.pi * sigma * FREQUENCY) ** 2)


def ring(period: float, width: float) -> Field:
    """The spectrum of one wavelength in all directions: a Turing pattern's."""
    return np.exp(-(((FREQUENCY * period - 1) / width) ** 2))


def cells(seed: int, across: int, jitter: float) -> tuple[Field, Field, NDArray[np.intp]]:
    """Distances to the nearest and second nearest of jittered points, and which is nearest (Worley 1996)."""
    random = np.random.default_rng(seed)
    grid = np.stack(np.mgrid[:across, :across], axis=-1) + 0.5
    return nearest((grid + jitter * random.uniform(-0.5, 0.5, grid.shape)).reshape(-1, 2) * UNITS / across)


def nearest(points: Field) -> tuple[Field, Field, NDArray[np.intp]]:
    """Distances to the nearest and second nearest of points (N, 2), rows and columns, and which is nearest."""
    down, across = (away(Y[:, :1], points[:, 0]), away(X[0, :, None], points[:, 1]))  # (FINE, points)
    blocks = [np.hypot(down[top : top + ROWS, None], across) for top in range(0, FINE, ROWS)]
    closest = [np.partition(block, 1, axis=-1)[..., :2] for block in blocks]
    first, second = np.concatenate(closest).transpose(2, 0, 1)
    return first, second, np.concatenate([block.argmin(axis=-1) for block in blocks])


def away(places: Field, points: Field) -> Field:
    """Distances on the torus, in one direction."""
    straight = np.abs(places - points)
    return np.minimum(straight, UNITS - straight)


def rise(field: Field, reach: float) -> Field:
    """How much higher a field is `reach` units above each place than as far below it."""
    samples = round(reach / STEP)
    return np.roll(field, samples, axis=0) - np.roll(field, -samples, axis=0)


def paint(value: Field, stops: dict[float, str]) -> Field:
    """Colour a field through stops, from value to "#rrggbb"."""
    colours = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in stops.values()])
    return np.stack([np.interp(value, list(stops), channel) for channel in colours.T], axis=-1)


def coral() -> Field:
    """Branching ridges, lit from above."""
    ridge = np.tanh(1.6 * noise(1, ring(14, 0.25)))
    colour = paint(ridge, {-1: "#10243f", -0.3: "#1d4a63", 0.2: "#e2694c", 1: "#ffd9a8"})
    return colour + 0.16 * rise(ridge, 1)[..., None]


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
    light = height * (0.86 - 0.04 * rise(first, 2))
    tone = np.random.default_rng(7).random(64)[which]
    stone = paint(tone, {0: "#8f8474", 0.5: "#c9b79c", 0.8: "#6f7b86", 1: "#b5553f"})
    return stone * light[..., None] + 0.015 * noise(8, soft(0.7))[..., None]


def weave() -> Field:
    """Two strands over and under, a basket."""
    strand = 16
    flat = (X // strand + Y // strand) % 2 == 0
    along, across = (np.where(flat, *order) % strand for order in ((X, Y), (Y, X)))
    bulge = np.sin(np.pi * across / strand) * (0.6 + 0.4 * np.sin(np.pi * along / strand))
    shade = bulge + 0.06 * np.sin(np.pi * across)
    colours = paint(shade, {0: "#2a1608", 1: "#e8bf86"}), paint(shade, {0: "#1d0f06", 1: "#c98d4f"})
    return np.where(flat[..., None], *colours)


def scales() -> Field:
    """Fish scales, each row over the one below."""
    width = 16
    picture = np.zeros((FINE, FINE, 3))
    for row in range(-2, 2 * UNITS // width):
        x = (X - width // 2 * (row % 2)) % width - width / 2
        y = Y - row * width // 2
        radius = np.hypot(x, y) / (width / 2)
        scale = paint(radius, {0: "#0d5b63", 0.6: "#1f9a8c", 0.9: "#b9f0c8", 1.05: "#0a2c35"})
        picture = np.where(((radius < 1.15) & (y >= 0))[..., None], scale, picture)
    return picture


def honeycomb() -> Field:
    """Cells of wax, honey in some of them."""
    row, column = np.mgrid[:8, :8]
    first, second, _ = nearest(np.stack([row + 0.5, column + row % 2 / 2], axis=-1).reshape(-1, 2) * UNITS / 8)
    wax = {0: "#fbe7a1", 1.6: "#f0b93a", 3: "#b5690f", 9: "#6b3206", 16: "#8f4a0a"}
    return paint(second - first, wax) + 0.05 * rise(first, 1)[..., None]


def water() -> Field:
    """Light on the bottom of a pool."""
    ridge = np.abs(noise(21, ring(26, 0.35))) + 0.5 * np.abs(noise(22, ring(16, 0.4)))
    return paint(ridge, {0: "#f4ffff", 0.16: "#a8ecf2", 0.45: "#3fb6cf", 1: "#1489ae", 2: "#0d6f99"})


def zebra() -> Field:
    """Stripes that fork."""
    angle = np.abs(FREQUENCIES[:, None]) / (FREQUENCY + 1e-9)
    stripes = noise(31, ring(15, 0.22) * np.exp(-((angle / 0.55) ** 2)))
    return paint(np.tanh(6 * stripes), {-1: "#17130f", -0.4: "#2b241d", 0.4: "#e9dfcd", 1: "#f6efe2"})


def leopard() -> Field:
    """Rosettes on tan fur."""
    far = cells(41, 8, 0.5)[0] + 0.8 * noise(42, soft(2))
    rim = (far > 2.2) & (far < 4.6) & (noise(43, soft(2.5)) < 0.9)
    fur = paint(noise(44, soft(1)), {-2: "#c58f4b", 2: "#e6bd7b"})
    picture = np.where((far <= 2.2)[..., None], paint(far, {0: "#ad753b", 4: "#b57f44"}), fur)
    return np.where(rim[..., None], paint(far, {3: "#21140d", 7: "#2a1a10"}), picture)


def web() -> Field:
    """Threads with dew, before a dark garden."""
    first, second, _ = cells(51, 6, 0.8)
    thread = np.exp(-(((second - first) / 1.3) ** 2))
    dew = np.exp(-(((second - first) / 2.2) ** 2)) * (noise(52, soft(1.2)) > 1.35)
    garden = paint(noise(53, soft(6)), {-2: "#08121a", 2: "#12313a"})
    return garden + (0.75 * thread + 0.5 * dew)[..., None] * np.array([0.85, 0.95, 1.0])


def letters() -> Field:
    """Type, in any order, each letter by itself: strokes that touch grow into each other."""
    sheet, font, across = Image.new("L", (FINE, FINE), 255), ImageFont.load_default(12 / STEP), 10
    for place, letter in np.ndenumerate(np.random.default_rng(61).choice(list("AENX"), (across, across))):
        middle = (np.array(place[::-1]) + 0.5) * FINE / across
        ImageDraw.Draw(sheet).text(tuple(middle), letter, 0, font, anchor="mm", stroke_width=0.25 / STEP)
    return paint(np.asarray(sheet) / 255, {0: "#1f1a3d", 1: "#f3ead7"})


def wood() -> Field:
    """Grain along the board."""
    along = np.abs(FREQUENCIES) * 9
    grain = noise(71, ring(12, 0.5) * np.exp(-((along * 10) ** 2)))
    fibre = noise(72, np.exp(-((along * 4) ** 2)) * soft(0.2))
    return paint(np.sin(2.4 * grain), {-1: "#6e3d1c", -0.2: "#a2622f", 1: "#d39a5b"}) + 0.035 * fibre[..., None]


def knit() -> Field:
    """Stitches of red wool, each a V."""
    width = 16
    x = np.abs(X % width - width / 2)  # from the V's middle
    y = (Y + 0.9 * x) % (width / 2) - width / 4
    height = (1 - (4 * x / width - 1) ** 2) * np.cos(2 * np.pi * y / width) ** 0.5
    return paint(height + 0.07 * noise(81, ring(4, 0.5)), {0: "#3d0710", 0.5: "#9c1b28", 1: "#e8564a"})


def marble() -> Field:
    """Veins down a slope of cloudy stone (Perlin 1985)."""
    slope = np.pi * (X + Y) / 16 + 1.2 * noise(91, soft(6)) + 0.5 * noise(92, soft(2.5))
    vein = np.exp(-((np.sin(slope) / 0.3) ** 2)) * np.clip(0.7 + 0.4 * noise(93, soft(5)), 0, 1)
    stone = paint(noise(94, soft(4)), {-2: "#cfd1d0", 2: "#f6f5f1"})
    return stone + 0.8 * vein[..., None] * (np.array([0.22, 0.25, 0.29]) - stone)


def bubbles() -> Field:
    """Foam in deep blue, each bubble with a glint."""
    first, second, _ = cells(101, 9, 1.0)
    glint = np.exp(-(((first - 2.2) / 1.2) ** 2)) * np.clip(-rise(first, 1), 0, 1)
    film = {0: "#e9fbff", 1.5: "#8fd3f0", 4: "#2b6fb0", 10: "#153d78"}
    return paint(second - first, film) + 0.35 * glint[..., None]


def grass() -> Field:
    """Blades, one over the other, each lit on its left."""
    random = np.random.default_rng(111)
    picture = np.zeros((FINE, FINE, 3))
    for _ in range(1500):
        left, bottom, lean, length = random.uniform((0, 0, -0.5, 12), (UNITS, UNITS, 0.5, 24))
        blade = paint(np.array([random.random()]), {0: "#1f5a1c", 0.6: "#4f9a2c", 1: "#b4d95a"})
        up, across = np.mgrid[0:length:STEP, 0:2:STEP]
        inside = across < 2 * np.sqrt(1 - up / length)  # a blade ends in a point
        x, y = left + lean * up + 0.012 * lean * up**2 + across, bottom - up
        light = (0.55 + 0.45 * up / length) * (1 - 0.15 * across)
        places = ((each[inside] / STEP).astype(int) % FINE for each in (y, x))
        picture[tuple(places)] = blade * light[inside][:, None]
    return picture


def mosaic() -> Field:
    """Small glass tiles of the sea's colours, in bands."""
    glass = {-1.6: "#0b2e63", -0.5: "#1f6fae", 0.3: "#53b7c9", 1: "#e7d9a0", 2: "#d08a2e"}
    tone = noise(122, ring(44, 0.4)) + 0.35 * noise(121, np.ones_like(FREQUENCY))
    middles = (((place // 8 * 8 + 4) / STEP).astype(int) for place in (Y, X))
    tiles = paint(tone[tuple(middles)], glass)
    return np.where((np.minimum(X % 8, Y % 8) < 1)[..., None], np.array([0.88, 0.87, 0.83]), tiles)


def stars() -> Field:
    """Dots of light in the dark."""
    first, _, which = cells(131, 10, 1.0)
    glow = np.exp(-((first / np.random.default_rng(132).uniform(0.6, 2.2, 100)[which]) ** 2))
    sky = paint(noise(133, soft(9)), {-2: "#080a1f", 0: "#141443", 2: "#3a1f5c"})
    hue = paint(np.random.default_rng(134).random(100)[which], {0: "#ffd9a0", 0.5: "#ffffff", 1: "#a9c8ff"})
    return sky + glow[..., None] * hue


def confetti() -> Field:
    """Round paper of five colours."""
    first, _, which = cells(141, 9, 0.75)
    tone = np.random.default_rng(142).integers(5, size=81)[which]
    paper = paint(tone, {0: "#ef476f", 1: "#ffd166", 2: "#06d6a0", 3: "#118ab2", 4: "#8338ec"})
    disc = (first < 4.7)[..., None]
    return np.where(disc, paper, np.array([0.98, 0.97, 0.94]))


def main(folder: Path) -> None:
    """Draw all pictures into a folder."""
    for draw in (
        bubbles,
        confetti,
        coral,
        grass,
        honeycomb,
        knit,
        lava,
        leopard,
        letters,
        marble,
        mosaic,
        pebbles,
        scales,
        stars,
        water,
        weave,
        web,
        wood,
        zebra,
    ):
        samples = draw().clip(0, 1).reshape(SIZE, SAMPLES, SIZE, SAMPLES, 3)
        picture = (samples.mean((1, 3)) * 255).round().astype(np.uint8)
        Image.fromarray(picture).save(folder / f"{draw.__name__}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
