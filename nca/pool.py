"""The pool of states that training draws from, so that the texture learns to last (Mordvintsev et al. 2020)."""

import torch
from torch import Tensor

__all__ = ["Pool"]


class Pool:
    """States of many ages. states: (N, H, W, C); a seed state is all zeros."""

    def __init__(self, states: Tensor, random: torch.Generator) -> None:
        self.states = states
        self.random = random

    def draw(self, batch: int, *, reset: bool) -> tuple[Tensor, Tensor]:
        """Distinct random states and their places, (batch,); with `reset` the first of them starts anew."""
        places = torch.randperm(len(self.states), generator=self.random)[:batch]
        states = self.states[places.to(self.states.device)]
        if reset:
            states[0] = 0
        return places, states

    def put(self, places: Tensor, states: Tensor) -> None:
        """Write states back to their places."""
        self.states[places.to(self.states.device)] = states.detach()
