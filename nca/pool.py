"""The pool of states that training draws from, so that the texture learns to last (Mordvintsev et al. 2020)."""

import torch
from torch import Tensor

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
        """Distinct random states and their places, (batch,); with `reset` the first of them starts anew."""
        places = torch.randperm(len(self.integers), generator=self.random)[:batch]
        states = self.integers[places.to(self.integers.device)] * STATE_UNIT
        if reset:
            states[0] = 0
        return places, states

    def put(self, places: Tensor, states: Tensor) -> None:
        """Write states back to their places."""
        self.integers[places.to(self.integers.device)] = _integers(states.detach())


def _integers(states: Tensor) -> Tensor:
    return (states / STATE_UNIT).round().to(torch.int16)
