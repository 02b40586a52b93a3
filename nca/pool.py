"""The pool of states that training draws from, so that the texture learns to last (Mordvintsev et al. 2020)."""

import torch
from torch import Tensor

from nca.rollout import erase, noise_state, restore
from nca.rule import STATE_UNIT

__all__ = ["Pool"]


class Pool:
    """States of many ages, multiples of 1/1024 below 32, (N, H, W, C); a seed state is all zeros.

    integers: the same in units of 1/1024, int16, as they are kept.
    """

    def __init__(self, states: Tensor, random: torch.Generator) -> None:
        self.integers = _integers(states)
        self.random = random

    @property
    def states(self) -> Tensor:
        """All of them, float32."""
        return self.integers * STATE_UNIT

    def draw(self, batch: int, *, reset: bool) -> tuple[Tensor, Tensor]:
        """Distinct random states and their places, (batch,); with `reset` the first starts anew, the last has a wound.

        Without wounds some textures cannot heal one: they blow up from there (docs/training.md).
        """
        places = torch.randperm(len(self.integers), generator=self.random)[:batch]
        states = self.integers[places.to(self.integers.device)] * STATE_UNIT
        if reset:
            states[-1] = self._wounded(states[-1])
            states[0] = 0
        return places, states

    def _wounded(self, state: Tensor) -> Tensor:
        """With a disc of zeros or of noise somewhere, from a quarter of the field across to all of it."""
        whole = state.movedim(2, 0)
        _, height, width = whole.shape
        smallest, largest = min(height, width) // 8, min(height, width) // 2
        x, y, radius = self._random(width), self._random(height), smallest + self._random(largest - smallest + 1)
        if self._random(2):
            inside = noise_state(whole.shape, self.random).to(state) * STATE_UNIT
            return restore(whole, inside, x, y, radius).movedim(0, 2)
        return erase(whole, x, y, radius).movedim(0, 2)

    def _random(self, below: int) -> int:
        return int(torch.randint(below, (), generator=self.random))

    def put(self, places: Tensor, states: Tensor) -> None:
        """Write states back to their places."""
        self.integers[places.to(self.integers.device)] = _integers(states.detach())


def _integers(states: Tensor) -> Tensor:
    return (states / STATE_UNIT).round().to(torch.int16)
