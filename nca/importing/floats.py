"""An automaton with float weights, as other programs train it, run in torch without any rounding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d, pad

from nca.importing.kernels import OURS
from nca.rule.mask import mask

__all__ = ["FloatAutomaton", "Sample", "perceive", "sample"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FloatAutomaton:
    """Float weights in our conventions: filter-major columns for our four kernels, and colours that are state + 0.5.

    w1: (H, 4C). b1: (H,). w2: (C, H).
    update: in [1, 256]; a cell is updated with probability update / 256.
    hidden_limit: the largest value of a hidden unit; infinite after a plain ReLU.
    state_limit: (C,), the largest magnitude of each channel; infinite where nothing limits it.
    """

    w1: Array
    b1: Array
    w2: Array
    update: int
    hidden_limit: float
    state_limit: Array

    @property
    def channels(self) -> int:
        """C, the number of values of each cell."""
        return len(self.w2)

    @property
    def hidden(self) -> int:
        """H, the number of hidden units."""
        return len(self.w1)

    def rollout(self, side: int, ages: Sequence[int], seed: int = 0) -> Iterator[Tensor]:
        """The states of a run on a torus of side x side cells after these numbers of steps, in rising order.

        Each is (C, side, side) float32 in real units. The masks are those of a rule's run with this seed.
        """
        limit = torch.tensor(self.state_limit, dtype=torch.float32)[:, None]
        state, done = torch.zeros(self.channels, side, side), 0
        for age in ages:
            for step in range(done, age):
                active = mask(side, side, seed, step, self.update, state.device).flatten().nonzero()[:, 0]
                change = self._change(perceive(state).flatten(1)[:, active])
                state = state.flatten(1).index_add(1, active, change).clamp(-limit, limit).view_as(state)
            done = age
            yield state

    def _change(self, seen: Tensor) -> Tensor:
        """(4C, cells) -> (C, cells)."""
        w1, b1, w2 = self._layers
        return w2 @ torch.addmm(b1, w1, seen).clamp_(0, self.hidden_limit)

    @cached_property
    def _layers(self) -> tuple[Tensor, Tensor, Tensor]:
        w1, b1, w2 = (torch.tensor(values, dtype=torch.float32) for values in (self.w1, self.b1, self.w2))
        return w1, b1[:, None], w2


def perceive(state: Tensor) -> Tensor:
    """Our four kernels on the torus, without rounding: (C, height, width) -> (4C, height, width), filter-major."""
    padded = pad(state[:, None], (1, 1, 1, 1), mode="circular")
    seen = conv2d(padded, torch.tensor(OURS, dtype=state.dtype)[:, None])  # (C, 4, height, width)
    return seen.transpose(0, 1).flatten(0, 1)


@dataclass(frozen=True, eq=False)
class Sample:
    """What cells of real rollouts see and hold: perception (4C, cells), hidden (H, cells), state (C, cells)."""

    perception: Array
    hidden: Array
    state: Array


SIDE, AGES, SEEDS = 48, (32, 64, 128, 256, 512, 1000), 2
CELLS = 512  # taken from each state


def sample(automaton: FloatAutomaton) -> Sample:
    """Perceptions, hidden units and states of a few thousand cells, young and old."""
    states = [state for seed in range(SEEDS) for state in automaton.rollout(SIDE, AGES, seed)]
    chosen = np.random.default_rng(0).permutation(SIDE * SIDE)[:CELLS]
    seen = np.concatenate([perceive(state).flatten(1).numpy()[:, chosen] for state in states], axis=1).astype(float)
    held = np.concatenate([state.flatten(1).numpy() for state in states], axis=1).astype(float)
    hidden = np.clip(automaton.w1 @ seen + automaton.b1[:, None], 0, automaton.hidden_limit)
    return Sample(seen, hidden, held)
