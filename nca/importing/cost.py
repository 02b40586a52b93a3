"""What quantization cost: the integer rule's texture beside the float automaton's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nca.evaluation.metrics import Reference
from nca.importing.floats import FloatAutomaton
from nca.model.rollout import rollout
from nca.rule.reference import rgb_bytes, seed_state
from nca.rule.rule import STATE_UNIT, Rule

__all__ = ["Cost", "measure_cost"]

Picture = NDArray[np.uint8]

SIDE, STEPS = 96, 1000
GAP = 8  # px


@dataclass(frozen=True)
class Cost:
    """The distance of the rule's texture from the float automaton's, after 1,000 steps on 96x96 cells.

    style: between the two (docs/quality.md). chance: between two runs of the float automaton, with other masks.
    picture: the float automaton's texture at the left, the rule's at the right.
    """

    style: float
    chance: float
    picture: Picture


def measure_cost(automaton: FloatAutomaton, rule: Rule) -> Cost:
    """Run both, and compare their pictures."""
    floats, again = (_float_picture(automaton, seed) for seed in (0, 1))
    ours = rgb_bytes(rollout(rule, seed_state(rule, SIDE, SIDE), STEPS, seed=0))
    reference = Reference(floats / 255)
    beside = np.concatenate([floats, np.full((SIDE, GAP, 3), 255, np.uint8), ours], axis=1)
    return Cost(reference.style(ours / 255), reference.style(again / 255), beside)


def _float_picture(automaton: FloatAutomaton, seed: int) -> Picture:
    [state] = automaton.rollout(SIDE, [STEPS], seed)
    return rgb_bytes((state / STATE_UNIT).round())
