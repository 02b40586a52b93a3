"""The stages of a training: the automaton learns first, then the decoder of an automaton that does not change.

The automaton learns at one pixel a cell, as it does without a decoder. Learning together is better on some pictures and
loses the shapes of others (docs/experiments.md).
"""

from typing import NamedTuple

__all__ = ["Stage", "stages"]

DECODER_FROM = 0.8  # of the progress


class Stage(NamedTuple):
    """A part of a training.

    begin, end: the progress of training, in [0, 1]. detail: pixels a cell of the pictures that the loss compares.
    frozen: whether the decoder alone learns.
    """

    begin: float
    end: float
    detail: int
    frozen: bool

    def part(self, progress: float) -> float:
        """The fraction of the stage that is done."""
        return (progress - self.begin) / (self.end - self.begin)


def stages(detail: int) -> tuple[Stage, ...]:
    """The stages of a training for a detail; at 1 there is no decoder."""
    if detail == 1:
        return (Stage(0, 1, 1, frozen=False),)
    return (Stage(0, DECODER_FROM, 1, frozen=False), Stage(DECODER_FROM, 1, detail, frozen=True))
