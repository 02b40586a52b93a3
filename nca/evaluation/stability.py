"""The quality of a texture: how it compares with its picture, whether it is stable, and how fast it heals."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nca.evaluation.lattice import Lattice, lattice
from nca.evaluation.metrics import Array, Figures, Reference, mean
from nca.model.rollout import rollout
from nca.rule.decode import decode
from nca.rule.decoder import Decoder
from nca.rule.reference import noise_state, rgb_bytes, seed_state
from nca.rule.rule import Rule

__all__ = [
    "AGES",
    "SMALL_WINDOW",
    "WINDOW",
    "Comparison",
    "Evaluation",
    "Stability",
    "evaluate",
    "halves",
    "measure_stability",
]

WINDOW = (128, 64)  # rows and columns that are compared, at most
SMALL_WINDOW = (64, 32)  # for the check at the end of training, on a grid of 64x64
FINEST = 2  # windows are that many times as large, at most, where a cell has several pixels
SMALLEST = 32  # px; smaller pictures are mirrored to this size
AGES = (200, 1000, 10_000)  # steps
GROWTH, SLACK = 1.25, 0.03  # a style distance may grow to GROWTH times its value, plus SLACK
HEALING = range(8, 1001, 8)  # steps after damage at which the style distance is measured


class Comparison:
    """Compares textures with the two halves of a picture: (side, side, 3) bytes, with detail x detail pixels a cell.

    Figures are those of the decoded picture. Above detail 1, a style distance is the mean of two: that of the decoded
    picture sees how sharp a texture is, and that of the automaton's own picture, of one pixel a cell, its shapes.

    window: rows and columns that are compared at one pixel a cell, at most; at more pixels twice as many.
    decoder: draws the textures; None draws a cell as a square of its colour.
    perfect: the figures of one half compared with the other. perfect_style: their style distance.
    shuffled: the style distance of a half whose pixels are in random order.
    """

    def __init__(
        self,
        picture: NDArray[np.uint8],
        window: tuple[int, int] = WINDOW,
        *,
        decoder: Decoder | None = None,
        detail: int = 1,
    ) -> None:
        self.decoder, self.detail = decoder, detail
        larger = min(detail, FINEST)
        left, right = halves(picture, (larger * window[0], larger * window[1]))
        self.references = Reference(left), Reference(right)
        self.perfect = mean([self.references[0](right), self.references[1](left)])
        shuffled = np.random.default_rng(0).permutation(right.reshape(-1, 3)).reshape(right.shape)
        self.shuffled = self.references[0].style(shuffled)
        self.height, self.width = map(int, left.shape[:2])
        self.perfect_style = self.perfect.style
        self.coarse = Comparison(_bytes(_reduced(picture, detail)), window) if detail > 1 else None
        if self.coarse:
            self.perfect_style = (self.perfect_style + self.coarse.perfect_style) / 2
            self.shuffled = (self.shuffled + self.coarse.shuffled) / 2

    @property
    def smallest(self) -> int:
        """Cells across and down that a square state needs: one window down, two across."""
        own = -(-max(self.height, 2 * self.width) // self.detail)
        return max(own, self.coarse.smallest) if self.coarse else own

    def __call__(self, state: Tensor) -> Figures:
        """The figures of a state (C, height, width): means over both halves and two windows."""
        windows = self._windows(self.shown(state))
        return mean([reference(window) for reference, window in product(self.references, windows)])

    def style(self, state: Tensor) -> float:
        """The style distance alone."""
        return self._style(state, damaged=False)

    def damaged_style(self, state: Tensor) -> float:
        """The style distance of the left part, as wide as one window. Damage is done there."""
        return self._style(state, damaged=True)

    def shown(self, state: Tensor) -> Array:
        """The picture of a state, in [0, 1]: (height * detail, width * detail, 3)."""
        return decode(self.decoder, state, self.detail) / 255

    def _style(self, state: Tensor, *, damaged: bool) -> float:
        own = self._distance(self.shown(state), damaged=damaged)
        if not self.coarse:
            return own
        return (own + self.coarse._distance(self._cells(state), damaged=damaged)) / 2

    def _distance(self, picture: Array, *, damaged: bool) -> float:
        seen = picture[:, : self.width] if damaged else picture
        return float(np.mean([each.style(window) for each, window in product(self.references, self._windows(seen))]))

    def _cells(self, state: Tensor) -> Array:
        """The picture of a state at one pixel a cell: without the skip, only the decoder can make one."""
        if self.decoder and not self.decoder.skip:
            return _reduced(self.shown(state), self.detail)
        return rgb_bytes(state) / 255

    def _windows(self, picture: Array) -> Iterator[Array]:
        """The windows at two opposite corners; one window if the picture is no larger than it."""
        for y, x in {(0, 0), (picture.shape[0] - self.height, picture.shape[1] - self.width)}:
            yield picture[y : y + self.height, x : x + self.width]


@dataclass(frozen=True)
class Stability:
    """How a texture ages and heals.

    detail: pixels a cell of the pictures that are judged.
    style: style distance by age in steps; it ends early if the texture fails.
    healed: steps until an erased half has grown back; None if it never does.
    calmed: the same for a half filled with noise.
    """

    size: int  # cells across and down
    style: dict[int, float]
    perfect: float
    shuffled: float
    healed: int | None
    calmed: int | None
    detail: int = 1

    @property
    def stable(self) -> bool:
        """Whether the texture keeps its style as it ages, and heals."""
        return not self.reason

    @property
    def reason(self) -> str:
        """Why the texture is not stable, for people; empty if it is."""
        age, last = max(self.style.items())
        first = min(self.style)
        if last > max(self.shuffled, _tolerated(self.perfect)):  # for a picture of noise the two are almost equal
            return f"after {age:,} steps it looks no more like its picture than the picture's pixels in random order"
        if last > _tolerated(self.style[first]):
            return f"its style distance grows from {self.style[first]:.2f} at {first:,} steps to {last:.2f} at {age:,}"
        for steps, damage in ((self.healed, "erased"), (self.calmed, "filled with noise")):
            if steps is None:
                return f"a half {damage} after {age:,} steps has not healed within {HEALING[-1]:,}"
        return ""

    def fields(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "stable": self.stable, "reason": self.reason}


@dataclass(frozen=True)
class Evaluation:
    """The figures of a texture at its oldest, those of a perfect texture, and the texture's stability.

    lattice: whether the picture shows its cells; None at one pixel a cell.
    """

    texture: Figures
    perfect: Figures
    stability: Stability
    lattice: Lattice | None = None

    @property
    def style(self) -> float:
        """The texture's style distance, which is 0 for a texture with the picture's statistics."""
        return self.texture.style

    def fields(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "texture": asdict(self.texture),
            "perfect": asdict(self.perfect),
            "stability": self.stability.fields(),
            "lattice": self.lattice and self.lattice._asdict(),
        }


def evaluate(
    rule: Rule, comparison: Comparison, size: int, ages: tuple[int, ...], *, seed: int, device: torch.device
) -> Evaluation:
    """Grow a texture of size x size cells and measure it. The size is at least that of the comparison's windows."""
    stability, oldest = measure_stability(rule, comparison, size, ages, seed=seed, device=device)
    detail = comparison.detail
    found = lattice(comparison.shown(oldest), detail) if detail > 1 else None
    return Evaluation(comparison(oldest), comparison.perfect, stability, found)


def measure_stability(
    rule: Rule, comparison: Comparison, size: int, ages: tuple[int, ...], *, seed: int, device: torch.device
) -> tuple[Stability, Tensor]:
    """Grow a texture through all ages, or until it fails; then damage it. Returns also the oldest state."""
    size = max(size, comparison.smallest)
    state, step, style = seed_state(rule, size, size, device), 0, {}
    for age in ages:
        state = rollout(rule, state, age - step, seed=seed, first=step)
        step, style[age] = age, comparison.style(state)
        expected = comparison.perfect_style, comparison.shuffled
        stability = Stability(size, style, *expected, healed=0, calmed=0, detail=comparison.detail)
        if not stability.stable:
            return replace(stability, healed=None, calmed=None), state
    noise = noise_state(state.shape, torch.Generator().manual_seed(seed)).to(state)
    damages = torch.zeros_like(state), noise
    healed, calmed = (_heal(rule, comparison, state, damage, step, seed) for damage in damages)
    return replace(stability, healed=healed, calmed=calmed), state


def _heal(rule: Rule, comparison: Comparison, state: Tensor, damage: Tensor, step: int, seed: int) -> int | None:
    """Replace the left half of a state by `damage`; return the steps until its style is back."""
    enough, half = _tolerated(comparison.damaged_style(state)), state.shape[-1] // 2
    state = torch.cat([damage[..., :half], state[..., half:]], dim=2)
    for after in HEALING:
        state = rollout(rule, state, HEALING.step, seed=seed, first=step + after - HEALING.step)
        if comparison.damaged_style(state) <= enough:
            return after
    return None


def _tolerated(style: float) -> float:
    return GROWTH * style + SLACK


def _reduced(picture: NDArray[Any], detail: int) -> Array:
    """The mean of each cell's pixels: (H * detail, W * detail, 3) -> (H, W, 3); what is left of a cell is cut off."""
    height, width = (size // detail for size in picture.shape[:2])
    cells = picture[: height * detail, : width * detail].reshape(height, detail, width, detail, 3)
    return np.asarray(cells.mean((1, 3)))


def _bytes(picture: Array) -> NDArray[np.uint8]:
    return picture.round().astype(np.uint8)


def halves(picture: NDArray[np.uint8], window: tuple[int, int]) -> tuple[Array, Array]:
    """The middles of the left and the right half of a picture (side, side, 3), in [0, 1], each at most one window."""
    missing = max(0, SMALLEST - len(picture))
    pixels = np.pad(picture, ((0, missing), (0, missing), (0, 0)), mode="symmetric") / 255
    middle = len(pixels) // 2
    height, width = min(window[0], len(pixels)), min(window[1], middle)
    top, aside = (len(pixels) - height) // 2, (middle - width) // 2
    rows = pixels[top : top + height]
    return rows[:, aside : aside + width], rows[:, middle + aside : middle + aside + width]
