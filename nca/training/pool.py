"""The pool of states that training draws from, so that the texture learns to last (Mordvintsev et al. 2020)."""

import torch
from torch import Tensor

from nca.device import upload
from nca.rule.reference import erase, noise_state, restore
from nca.rule.rule import STATE_UNIT

__all__ = ["Pool"]


class Pool:
    """States of different ages, (N, H, W, C), multiples of 1/1024 below 32. A fresh state is all zeros.

    integers: the stored states, in units of 1/1024, int16.
    """

    def __init__(self, states: Tensor, random: torch.Generator) -> None:
        self.integers = _integers(states)
        self.random = random

    @property
    def states(self) -> Tensor:
        """All states, float32."""
        return self.integers * STATE_UNIT

    def draw(self, batch: int, *, fresh: bool, damaged: bool) -> tuple[list[int], Tensor]:
        """Distinct random states, and their places in the pool.

        fresh: replace the first state by a fresh one. damaged: damage the last one. A texture that never saw damage in
        training may be unable to heal, and blow up from there (docs/experiments.md).
        """
        places = torch.randperm(len(self.integers), generator=self.random)[:batch].tolist()
        states = torch.stack([self.integers[place] for place in places]) * STATE_UNIT
        if damaged:
            states[-1] = self._damaged(states[-1])
        if fresh:
            states[0].zero_()
        return places, states

    def _damaged(self, state: Tensor) -> Tensor:
        """The state with a random disc of zeros or of noise; its diameter is a quarter of the field to all of it."""
        whole = state.movedim(2, 0)
        _, height, width = whole.shape
        smallest, largest = min(height, width) // 8, min(height, width) // 2
        x, y, radius = self._random(width), self._random(height), smallest + self._random(largest - smallest + 1)
        if self._random(2):
            inside = upload(noise_state(whole.shape, self.random), state.device) * STATE_UNIT
            return restore(whole, inside, x, y, radius).movedim(0, 2)
        return erase(whole, x, y, radius).movedim(0, 2)

    def _random(self, below: int) -> int:
        return int(torch.randint(below, (), generator=self.random))

    def put(self, places: list[int], states: Tensor) -> None:
        """Write states back to their places in the pool."""
        for place, state in zip(places, _integers(states.detach()), strict=True):
            self.integers[place].copy_(state)


def _integers(states: Tensor) -> Tensor:
    return (states / STATE_UNIT).round().to(torch.int16)
