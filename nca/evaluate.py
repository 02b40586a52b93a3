"""How good a texture is: held against its picture, as it ages, and after half of it is wiped or filled with noise."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nca.quality import Array, Figures, Reference, mean
from nca.quick import rollout
from nca.rollout import noise_state, rgb_bytes, seed_state
from nca.rule import Rule

__all__ = ["AGES", "SMALL_WINDOW", "WINDOW", "Evaluation", "Judge", "Life", "evaluate", "halves", "live"]

WINDOW = (128, 64)  # rows and columns that are compared, at most
SMALL_WINDOW = (64, 32)  # for a look at the end of training, on a grid of 64x64
SMALLEST = 32  # px; a smaller picture is mirrored until it is as large
AGES = (200, 1000, 10_000)  # steps
GROWTH, SLACK = 1.25, 0.03  # style may grow with age to this times what it was at first, and this much
HEALING = range(8, 1001, 8)  # steps after a wound, looked at until style is back


class Judge:
    """A picture's two halves, against which textures are held: (side, side, 3) bytes.

    window: rows and columns that are compared, at most.
    perfect: figures of one half held against the other. shuffled: style of its pixels in any order.
    """

    def __init__(self, picture: NDArray[np.uint8], window: tuple[int, int] = WINDOW) -> None:
        left, right = halves(picture, window)
        self.references = Reference(left), Reference(right)
        self.perfect = mean([self.references[0](right), self.references[1](left)])
        shuffled = np.random.default_rng(0).permutation(right.reshape(-1, 3)).reshape(right.shape)
        self.shuffled = self.references[0].style(shuffled)
        self.height, self.width = left.shape[:2]

    def __call__(self, state: Tensor) -> Figures:
        """Of a state (C, height, width): means over both references and some windows."""
        return mean([reference(window) for reference, window in product(self.references, self._windows(state))])

    def style(self, state: Tensor) -> float:
        """The figure of that name alone."""
        pairs = product(self.references, self._windows(state))
        return float(np.mean([reference.style(window) for reference, window in pairs]))

    def wounded(self, state: Tensor) -> Tensor:
        """The left part of a state, as wide as one window, where it is wiped or filled with noise."""
        return state[..., : self.width]

    def _windows(self, state: Tensor) -> Iterator[Array]:
        """At the state's two far corners, which are one where it is no larger."""
        shown = rgb_bytes(state) / 255
        for y, x in {(0, 0), (shown.shape[0] - self.height, shown.shape[1] - self.width)}:
            yield shown[y : y + self.height, x : x + self.width]


@dataclass(frozen=True)
class Life:
    """style: by age in steps; it ends early where the texture fails.

    healed: steps until a wiped half is back, None if never. calmed: the same for one filled with noise.
    """

    size: int  # cells across and down
    style: dict[int, float]
    perfect: float
    shuffled: float
    healed: int | None
    calmed: int | None

    @property
    def complaint(self) -> str:
        """What is wrong with it, for people; empty where it holds."""
        age, last = max(self.style.items())
        first = min(self.style)
        if last > max(self.shuffled, _tolerated(self.perfect)):  # of noise the two are as good as equal
            return f"after {age} steps it is no more like its picture than that picture's pixels shuffled"
        if last > _tolerated(self.style[first]):
            return (
                f"it drifts: its style distance is {self.style[first]:.2f} after {first} steps, {last:.2f} after {age}"
            )
        for steps, wound in ((self.healed, "wiped"), (self.calmed, "filled with noise")):
            if steps is None:
                return f"half of it, {wound} after {age} steps, has not grown back within {HEALING[-1]}"
        return ""


@dataclass(frozen=True)
class Evaluation:
    """Of one texture: its figures at its oldest, those of a perfect one, and its life."""

    texture: Figures
    perfect: Figures
    life: Life

    def fields(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "holds": not self.life.complaint, "complaint": self.life.complaint}


def evaluate(
    rule: Rule, judge: Judge, size: int, ages: tuple[int, ...], *, seed: int, device: torch.device
) -> Evaluation:
    """Grow a texture of size x size cells, at least the judge's window and as much to heal from."""
    life, oldest = live(rule, judge, size, ages, seed=seed, device=device)
    return Evaluation(judge(oldest), judge.perfect, life)


def live(
    rule: Rule, judge: Judge, size: int, ages: tuple[int, ...], *, seed: int, device: torch.device
) -> tuple[Life, Tensor]:
    """Grow a texture through all ages, or to the first at which it fails; then wound it. Also its last state."""
    size = max(size, judge.height, 2 * judge.width)
    state, step, style = seed_state(rule, size, size, device), 0, {}
    for age in ages:
        state = rollout(rule, state, age - step, seed=seed, first=step)
        step, style[age] = age, judge.style(state)
        life = Life(size, style, judge.perfect.style, judge.shuffled, healed=0, calmed=0)
        if life.complaint:
            return replace(life, healed=None, calmed=None), state
    noise = noise_state(state.shape, torch.Generator().manual_seed(seed)).to(state)
    healed, calmed = (_heal(rule, judge, state, wound, step, seed) for wound in (torch.zeros_like(state), noise))
    return replace(life, healed=healed, calmed=calmed), state


def _heal(rule: Rule, judge: Judge, state: Tensor, wound: Tensor, step: int, seed: int) -> int | None:
    """Steps until the left half, replaced by a wound's, has its style back."""
    enough, half = _tolerated(judge.style(judge.wounded(state))), state.shape[-1] // 2
    state = torch.cat([wound[..., :half], state[..., half:]], dim=2)
    for after in HEALING:
        state = rollout(rule, state, HEALING.step, seed=seed, first=step + after - HEALING.step)
        if judge.style(judge.wounded(state)) <= enough:
            return after
    return None


def _tolerated(style: float) -> float:
    return GROWTH * style + SLACK


def halves(picture: NDArray[np.uint8], window: tuple[int, int]) -> tuple[Array, Array]:
    """The middles of the left and right half of a picture (side, side, 3), in [0, 1], each at most a window."""
    missing = max(0, SMALLEST - len(picture))
    pixels = np.pad(picture, ((0, missing), (0, missing), (0, 0)), mode="symmetric") / 255
    middle = len(pixels) // 2
    height, width = min(window[0], len(pixels)), min(window[1], middle)
    top, aside = (len(pixels) - height) // 2, (middle - width) // 2
    rows = pixels[top : top + height]
    return rows[:, aside : aside + width], rows[:, middle + aside : middle + aside + width]
