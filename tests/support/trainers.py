"""Trainings of a few pixels and steps."""

from functools import partial

import torch

from nca.features.interface import FeatureMap
from nca.features.registry import make_features
from nca.training.config import Config
from nca.training.trainer import Trainer

__all__ = ["TINY", "Colours", "descend", "noise", "stripes", "trainer", "weights"]

TINY = {
    "channels": 4,
    "hidden": 8,
    "size": 16,
    "field": 16,
    "batch": 2,
    "pool": 4,
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
    make = partial(make_features, config.features, layer_weights=config.layer_weights)
    return Trainer(config, _colours if plain else make, target)


def _colours(target, *, enlarge):
    return Colours()


def weights(trainer):
    return torch.cat([parameter.detach().flatten() for parameter in trainer.automaton.parameters()])
