"""A short fine-tuning with the integers in the loop, which repairs what quantization lost."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from nca.errors import UserError
from nca.evaluation.stability import Comparison
from nca.features.registry import make_features
from nca.model.automaton import Automaton
from nca.model.rollout import rollout
from nca.picture import natural_scale, scale_picture
from nca.rule.reference import seed_state
from nca.rule.rule import Rule
from nca.training.config import UPDATE, Config
from nca.training.trainer import Trainer

__all__ = ["Repair", "repair"]

Picture = NDArray[np.uint8]

ITERATIONS = 300
PART = 0.25  # it is the last part of a training: by then the learning rate is low, and rollouts have their full length
SIDE, STEPS = 128, 1000


@dataclass(frozen=True)
class Repair:
    """A repaired rule, and the style distances of the textures from the picture (docs/quality.md).

    picture: as the rule was trained on. perfect: one half of the picture compared with the other.
    """

    rule: Rule
    picture: Picture
    before: float
    after: float
    perfect: float


def repair(rule: Rule, picture: Picture, *, iterations: int = ITERATIONS, seed: int = 0) -> Repair:
    """Train a rule further on its picture: (side, side, 3) uint8, which is scaled by its detail.

    Raises UserError if the rule has another update rate than training.
    """
    if rule.update != UPDATE:
        raise UserError(f"update rate {rule.update / 256:g}: expected {UPDATE / 256:g}, which training works with")
    scale = natural_scale(picture)
    small = scale_picture(picture, scale, Config.size)
    trainer = _trainer(rule, small, _config(rule, scale, iterations, seed))
    trainer.step = _whole(iterations) - iterations
    for _ in trainer:
        pass
    repaired, comparison = trainer.automaton.rule(), Comparison(small)
    before, after = (comparison.style(_grown(each)) for each in (rule, repaired))
    return Repair(repaired, small, before, after, comparison.perfect.style)


def _config(rule: Rule, scale: float, iterations: int, seed: int) -> Config:
    return Config(rule.channels, rule.hidden, scale, detail=1, steps=_whole(iterations), seed=seed)


def _whole(iterations: int) -> int:
    return round(iterations / PART)


def _trainer(rule: Rule, picture: Picture, config: Config) -> Trainer:
    target = torch.tensor(picture).permute(2, 0, 1)[None] / 255
    trainer = Trainer(config, partial(make_features, config.features, seed=config.seed), target)
    _load(trainer.automaton, rule)
    return trainer


@torch.no_grad()
def _load(automaton: Automaton, rule: Rule) -> None:
    w1, b1, w2 = map(torch.tensor, rule.real_weights())
    values = w1 / automaton.gains, b1, w2
    for parameter, each in zip(automaton.parameters(), values, strict=True):
        parameter.copy_(each.view_as(parameter))


def _grown(rule: Rule) -> torch.Tensor:
    return rollout(rule, seed_state(rule, SIDE, SIDE), STEPS, seed=0)
