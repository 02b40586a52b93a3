"""A texture over time: pictures, movies, contact sheets, posters, and small files for places that run no shader."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from nca.export.bundle import Bundle
from nca.export.pictures.encode import encode
from nca.model.rollout import rollout
from nca.rule.decode import decode
from nca.rule.decoder import Decoder
from nca.rule.reference import seed_state
from nca.rule.rule import Rule

__all__ = ["film", "posters", "sheet", "snapshots", "stand_in"]

Picture = NDArray[np.uint8]
View = Callable[[Iterable[int]], Iterator[Picture]]  # the `snapshots` of one run after these numbers of steps

COLUMNS = 4  # of a sheet
GAP = 8  # pixels between its pictures
FONT = 16  # height of its labels
POSTER, POSTER_STEPS = 96, 256  # pixels across and down where each is a cell, steps
TILE, FEWEST = 256, 64  # of a stand-in: pixels a side, and cells if that would be fewer


def snapshots(
    rule: Rule,
    steps: Iterable[int],
    size: tuple[int, int],
    *,
    decoder: Decoder | None = None,
    detail: int = 1,
    scale: int = 1,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> Iterator[Picture]:
    """The pictures of a run after these numbers of steps, in rising order: (height * s, width * s, 3) each.

    size: (width, height) in cells.
    decoder: paints detail x detail pixels for each cell; without one they have the cell's colour.
    scale: side of each pixel in the picture. So a cell's side is s = detail * scale.
    """
    width, height = size
    state, done = seed_state(rule, height, width, device), 0
    for step in steps:
        state, done = rollout(rule, state, step - done, seed=seed, first=done), step
        yield decode(decoder, state, detail).repeat(scale, 0).repeat(scale, 1)


def film(view: View, *, steps: int, frames: int, every: int, loop: bool = False) -> list[Picture]:
    """The pictures of a movie: `frames` of them, the first after `steps` steps, the next ones `every` steps apart.

    loop: the movie repeats without a jump. Its first quarter moves to the end, where the run's next pictures fade into
    it. The first picture, which some mail programs show alone, is not faded.
    """
    fade = frames // 4 if loop else 0
    pictures = list(view(range(steps, steps + every * (frames + fade), every)))
    faded = [_mix(pictures[k], pictures[frames + k], (k + 1) / (fade + 1)) for k in range(fade)]
    return [*pictures[fade:frames], *faded]


def _mix(new: Picture, old: Picture, part: float) -> Picture:
    return (part * new + (1 - part) * old).round().astype(np.uint8)


def sheet(view: View, steps: Sequence[int]) -> Picture:
    """One picture with labelled pictures after these numbers of steps, in rows."""
    steps = sorted(set(steps))
    labels = [f"step {step:,}" for step in steps]
    pictures = [Image.fromarray(picture) for picture in view(steps)]
    font = ImageFont.load_default(FONT)
    across = GAP + max(pictures[0].width, *(round(font.getlength(label)) for label in labels))
    down = GAP + pictures[0].height + FONT + GAP
    columns, rows = min(len(steps), COLUMNS), -(-len(steps) // COLUMNS)
    whole = Image.new("RGB", (GAP + columns * across, GAP + rows * down), "white")
    for k, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        left, top = GAP + k % COLUMNS * across, GAP + k // COLUMNS * down
        whole.paste(picture, (left, top))
        ImageDraw.Draw(whole).text((left, top + picture.height + 2), label, "black", font)
    return np.asarray(whole)


def stand_in(texture: Bundle, suffix: str) -> bytes:
    """A small file for places that run no shader: a tile of 256 pixels a side, or a loop of 2 seconds.

    A cell has at least 2 x 2 pixels. The tile has at least 64 x 64 cells, so it is larger if a cell has 8 x 8 pixels.
    """
    detail = max(2, texture.detail)
    cells = max(TILE // detail, FEWEST)
    view = partial(snapshots, texture.rule, size=(cells, cells), decoder=texture.decoder, detail=detail)
    frames = 1 if suffix == ".png" else 20
    return encode(film(view, steps=1000, frames=frames, every=5, loop=True), suffix, fps=10)


def posters(textures: Iterable[Bundle]) -> list[bytes]:
    """WebP pictures of a few KB for a page's gallery: of each grown texture, several drawn at once.

    They have 96 x 96 pixels, a cell each, or 192 x 192 if a decoder paints several pixels for each cell.
    """
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return list(pool.map(_poster, textures))


def _poster(texture: Bundle) -> bytes:
    return _webp(_grown(texture, POSTER if texture.detail == 1 else 2 * POSTER // texture.detail), quality=60)


def _grown(texture: Bundle, cells: int) -> Image.Image:
    size, detail = (cells, cells), texture.detail
    [picture] = snapshots(texture.rule, [POSTER_STEPS], size, decoder=texture.decoder, detail=detail)
    return Image.fromarray(picture)


def _webp(picture: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=quality, method=6)
    return file.getvalue()
