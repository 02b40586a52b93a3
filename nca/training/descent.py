"""How weights go down a loss, in training and in sharpening: seeded starts, gradients of norm 1, a falling rate."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import Parameter

__all__ = ["falling", "normalise", "seeded"]

LAST_RATE = 0.02  # of the learning rate, which falls along half a cosine (Loshchilov, Hutter 2017)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw initial weights from this seed alone. The caller's random state is kept."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def falling(progress: float) -> float:
    """The factor of the learning rate at a fraction of training, in [0, 1]."""
    return LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * progress)) / 2


def normalise(parameters: Iterable[tuple[str, Parameter]]) -> dict[str, Tensor]:
    """Bring each parameter's gradient to norm 1, so that no rollout outweighs the others.

    parameters: with their names. Returns the norms before, by name; a parameter without a gradient has none.
    """
    norms = {}
    for name, parameter in parameters:
        if parameter.grad is not None:
            norms[name] = parameter.grad.norm()
            parameter.grad /= norms[name] + 1e-8
    return norms
