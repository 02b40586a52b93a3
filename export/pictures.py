"""What a texture looks like over time: pictures, movies, contact sheets, and stand-ins for where none can run."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from nca.export.encode import encode
from nca.quick import rollout
from nca.rollout import rgb_bytes, seed_state
from nca.rule import Rule

__all__ = ["film", "posters", "sheet", "snapshots", "stand_in"]

Picture = NDArray[np.uint8]
View = Callable[[Iterable[int]], Iterator[Picture]]  # `snapshots` of one run

COLUMNS = 4  # of a sheet
GAP = 8  # pixels between its pictures
FONT = 16  # height of its labels
POSTER, POSTER_STEPS = 96, 256  # cells across and down, steps


def snapshots(
    rule: Rule,
    steps: Iterable[int],
    size: tuple[int, int],
    *,
    scale: int = 1,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> Iterator[Picture]:
    """A run's pictures after these numbers of steps, which rise: (height * scale, width * scale, 3) each.

    size: (width, height) in cells; scale: pixels a cell.
    """
    width, height = size
    state, done = seed_state(rule, height, width, device), 0
    for step in steps:
        state, done = rollout(rule, state, step - done, seed=seed, first=done), step
        yield rgb_bytes(state).repeat(scale, 0).repeat(scale, 1)


def film(view: View, *, steps: int, frames: int, every: int, loop: bool = False) -> list[Picture]:
    """So many pictures, the first after `steps` and the next `every` steps later.

    loop: the first quarter moves to the end, where it fades in over what follows: the film repeats without a jump,
    and its first picture, which some mail programs show alone, is a whole one.
    """
    fade = frames // 4 if loop else 0
    pictures = list(view(range(steps, steps + every * (frames + fade), every)))
    faded = [_mix(pictures[k], pictures[frames + k], (k + 1) / (fade + 1)) for k in range(fade)]
    return [*pictures[fade:frames], *faded]


def _mix(new: Picture, old: Picture, part: float) -> Picture:
    return (part * new + (1 - part) * old).round().astype(np.uint8)


def sheet(view: View, steps: Sequence[int]) -> Picture:
    """The pictures after these numbers of steps in one, in rows, labelled."""
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


def stand_in(rule: Rule, suffix: str) -> bytes:
    """A small file for where no texture can run: a tile of 256 pixels, as a movie a loop of 2 seconds."""
    view = partial(snapshots, rule, size=(128, 128), scale=2)
    frames = 1 if suffix == ".png" else 20
    return encode(film(view, steps=1000, frames=frames, every=5, loop=True), suffix, fps=10)


def posters(rules: Iterable[Rule]) -> list[bytes]:
    """WebP pictures of a few KB for a page's gallery: 96 x 96 cells of each texture, grown."""
    # One after another: the compiled rollout of two threads at once has crashed.
    return [_poster(rule) for rule in rules]


def _poster(rule: Rule) -> bytes:
    [picture] = snapshots(rule, [POSTER_STEPS], (POSTER, POSTER))
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", quality=60, method=6)
    return file.getvalue()
