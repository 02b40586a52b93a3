"""Fields that several rules share: each cell has an owner and a slowness, and the whole field a rotation.

All of these are integers, so a painted page equals torch bit for bit (docs/format.md, "Painted fields").
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from nca.errors import UserError
from nca.rule.mask import hash_cells, mask
from nca.rule.reference import DeviceRule, distance2, exact_products, perceive
from nca.rule.rule import STATE_MAX, UPDATE_ALWAYS, Rule

__all__ = ["SLOWEST", "TURNS", "Paint", "check_shared", "paint", "painted_rollout", "turned"]

TURNS = 256  # a whole turn
UNIT = 1024  # of sine and cosine
SLOWEST = 8  # halvings of the update rate; a cell with this slowness never updates
DITHER = 5  # width in cells of the ragged border of a painted disc


@dataclass(frozen=True)
class Paint:
    """How a field is painted.

    owners: (height, width) int64, the index of each cell's rule.
    slowness: (height, width) int64 in [0, 8]; each unit halves the cell's update rate.
    turn: rotation of all cells' perception, in 256ths of a full turn.
    """

    owners: Tensor
    slowness: Tensor
    turn: int = 0

    @classmethod
    def none(cls, height: int, width: int, device: torch.device | str = "cpu") -> "Paint":
        """Nothing painted: the first rule owns all cells, at full rate, without rotation."""
        zeros = torch.zeros(height, width, dtype=torch.int64, device=device)
        return cls(zeros, zeros)


def check_shared(rules: tuple[Rule, ...]) -> None:
    """Raise UserError unless the rules can share a field: equal channels, and update rates of at most 1/2."""
    for rule in rules:
        if rule.channels != rules[0].channels:
            raise UserError(f"rules of {rules[0].channels} and {rule.channels} channels: expected equal numbers")
        if len(rules) > 1 and rule.update > UPDATE_ALWAYS // 2:
            raise UserError(f"a rule of update rate {rule.update}/256: expected at most 1/2 in a shared field")


@torch.inference_mode()
def painted_rollout(
    rules: tuple[Rule, ...], state: Tensor, painted: Paint, steps: int, *, seed: int, first: int = 0
) -> Tensor:
    """Like `nca.rule.reference.reference_rollout`, but each cell follows its owner's rule."""
    on_device = [DeviceRule.of(rule, state.device) for rule in rules]
    rates = torch.tensor([rule.update for rule in rules], device=state.device)[painted.owners] >> painted.slowness
    height, width = state.shape[-2:]
    with exact_products(state.device):
        for step in range(first, first + steps):
            state = _step(on_device, state, painted, mask(height, width, seed, step, rates, state.device))
    return state


def turned(perception: Tensor, turn: int) -> Tensor:
    """Perception (4C, height, width) with its x and y slopes rotated by `turn` 256ths of a full turn.

    The result holds integers in [-2047, 2047], like the perception itself.
    """
    angle = 2 * math.pi * turn / TURNS
    cosine, sine = round(UNIT * math.cos(angle)), round(UNIT * math.sin(angle))
    here, x, y, laplacian = perception.chunk(4)
    across = ((cosine * x + sine * y + UNIT // 2) / UNIT).floor().clamp(-STATE_MAX, STATE_MAX)
    down = ((cosine * y - sine * x + UNIT // 2) / UNIT).floor().clamp(-STATE_MAX, STATE_MAX)
    return torch.cat([here, across, down, laplacian])


def paint(values: Tensor, x: int, y: int, radius: int, value: int) -> Tensor:
    """Set a disc around column x, row y of owners or slowness; a hash of each cell makes its border ragged."""
    height, width = values.shape
    row, column = (torch.arange(size, device=values.device) for size in (height, width))
    fray = (hash_cells(column, row) >> 24) * DITHER >> 8  # (height, width) in [0, 4]
    inside = distance2(height, width, x, y, values.device) <= (radius - fray).clamp(min=0) ** 2
    return torch.where(inside, value, values)


def _step(rules: list[DeviceRule], state: Tensor, painted: Paint, update: Tensor) -> Tensor:
    perception, flat = turned(perceive(state), painted.turn).flatten(1), state.flatten(1)
    for index, rule in enumerate(rules):
        cells = (update & (painted.owners == index)).flatten().nonzero()[:, 0]
        flat = flat.index_add(1, cells, rule.change(perception[:, cells]))
    return flat.clamp(-STATE_MAX, STATE_MAX).view_as(state)
