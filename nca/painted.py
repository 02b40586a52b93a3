"""A field that several rules share: which one owns a cell, how slow the cell is, how far it turns what it sees.

All of it is integers, so that a page that paints equals torch bit for bit (docs/format.md, Painted fields).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from nca.errors import UserError
from nca.mask import hash_cells, mask
from nca.rollout import Lanes, distance2, exact_products, perceive
from nca.rule import STATE_MAX, UPDATE_ALWAYS, Rule

__all__ = ["SLOWEST", "TURNS", "Paint", "check_shared", "paint", "painted_rollout", "turned"]

TURNS = 256  # a whole turn
UNIT = 1024  # of sine and cosine
SLOWEST = 8  # halvings; a cell that is this slow never updates
DITHER = 5  # cells over which the border of what is painted frays


@dataclass(frozen=True)
class Paint:
    """owners, slowness: (height, width) int64; turn: in 256ths of a whole turn."""

    owners: Tensor
    slowness: Tensor
    turn: int = 0

    @classmethod
    def none(cls, height: int, width: int, device: torch.device | str = "cpu") -> "Paint":
        """All cells the first rule's, at full speed, upright."""
        zeros = torch.zeros(height, width, dtype=torch.int64, device=device)
        return cls(zeros, zeros)


def check_shared(rules: tuple[Rule, ...]) -> None:
    """Raises UserError where rules cannot share a field."""
    for rule in rules:
        if rule.channels != rules[0].channels:
            raise UserError(f"rules of {rules[0].channels} and {rule.channels} channels: expected as many in all")
        if len(rules) > 1 and rule.update > UPDATE_ALWAYS // 2:
            raise UserError(f"a rule of update rate {rule.update}/256: expected at most 1/2 where rules share a field")


@torch.inference_mode()
def painted_rollout(
    rules: tuple[Rule, ...], state: Tensor, painted: Paint, steps: int, *, seed: int, first: int = 0
) -> Tensor:
    """As nca.rollout.rollout, each cell by its owner's rule."""
    lanes = [Lanes.of(rule, state.device) for rule in rules]
    rates = torch.tensor([rule.update for rule in rules], device=state.device)[painted.owners] >> painted.slowness
    height, width = state.shape[-2:]
    with exact_products(state.device):
        for step in range(first, first + steps):
            state = _step(lanes, state, painted, mask(height, width, seed, step, rates, state.device))
    return state


def turned(perception: Tensor, turn: int) -> Tensor:
    """Perception (4C, height, width) with its slopes turned by so many 256ths: still integers in [-2047, 2047]."""
    cosine, sine = (round(UNIT * of(2 * math.pi * turn / TURNS)) for of in (math.cos, math.sin))
    here, x, y, laplacian = perception.chunk(4)
    across = ((cosine * x + sine * y + UNIT // 2) / UNIT).floor().clamp(-STATE_MAX, STATE_MAX)
    down = ((cosine * y - sine * x + UNIT // 2) / UNIT).floor().clamp(-STATE_MAX, STATE_MAX)
    return torch.cat([here, across, down, laplacian])


def paint(values: Tensor, x: int, y: int, radius: int, value: int) -> Tensor:
    """Owners or slowness with a disc around column x, row y; its border frays by a hash of the cell."""
    height, width = values.shape
    row, column = (torch.arange(size, device=values.device) for size in (height, width))
    fray = (hash_cells(column, row) >> 24) * DITHER >> 8  # (height, width) in [0, 4]
    inside = distance2(height, width, x, y, values.device) <= (radius - fray).clamp(min=0) ** 2
    return torch.where(inside, value, values)


def _step(lanes: list[Lanes], state: Tensor, painted: Paint, update: Tensor) -> Tensor:
    perception, flat = turned(perceive(state), painted.turn).flatten(1), state.flatten(1)
    for index, rule in enumerate(lanes):
        cells = (update & (painted.owners == index)).flatten().nonzero()[:, 0]
        flat = flat.index_add(1, cells, rule.change(perception[:, cells]))
    return flat.clamp(-STATE_MAX, STATE_MAX).view_as(state)
