"""Trainings of a few pixels and steps."""

import torch

from nca.config import Config
from nca.features import FeatureMap
from nca.train import Trainer, make_features

__all__ = ["TINY", "Colours", "descend", "noise", "stripes", "trainer", "weights"]

TINY = {
    "channels": 4,
    "hidden": 8,
    "size": 16,
    "field": 16,
    "batch": 2,
    "pool": 4,
    "shortest": 4,
    "longest": 8,
    "steps": 6,
}


def noise(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def descend(style, side):
    """Noise, (1, 3, side, side), whose pixels have gone down a style loss."""
    picture = noise(1, 3, side, side).requires_grad_()
    optimizer = torch.optim.Adam([picture], lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        style(picture).log().backward()
        optimizer.step()
    return picture


def stripes(side, period, colour=(1.0, 0.6, 0.3)):
    """(1, 3, side, side): half of each period dark, half coloured."""
    wave = (torch.arange(side) // (period // 2) % 2).float()
    return (wave * torch.tensor(colour)[:, None, None]).expand(1, 3, side, side).clone()


class Colours:
    """The simplest features: the picture itself."""

    margin = 0

    def __call__(self, pictures):
        return [FeatureMap(pictures, 2.0)]


def trainer(target=None, *, plain=True, **changes):
    """plain: with a loss that compares colours alone, which is quick."""
    config = Config(**TINY | changes)
    target = stripes(16, 4) if target is None else target
    return Trainer(config, Colours() if plain else make_features(config, target), target)


def weights(trainer):
    return torch.cat([parameter.detach().flatten() for parameter in trainer.automaton.parameters()])
