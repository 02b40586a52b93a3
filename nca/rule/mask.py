"""The update mask: one 32-bit hash for each pair of neighbours, in the same uint32 arithmetic as JavaScript and GLSL.

At update rate 1/2 exactly one cell of each pair updates. A shader that runs one fragment for each pair then wastes no
work. Pairs that never move show as a lattice of period 2; pairs that move by one column each step do not
(docs/performance.md, "The mask").

The hash is lowbias32 (Chris Wellons, "Prospecting for Hash Functions", 2018, public domain). It needs two
multiplications, and its bias is close to the lowest possible for 32 bits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

import torch
from torch import Tensor

__all__ = ["UINT32", "MaskSchedule", "active_cells", "hash_cells", "mask", "mix", "step_key"]

UINT32 = 0xFFFFFFFF
HALF = 128  # update rate 1/2
Whole = TypeVar("Whole", int, Tensor)
GOLDEN = 0x9E3779B9  # the hash maps 0 to 0; this constant keeps seed 0, step 0 away from it


@dataclass(frozen=True)
class MaskSchedule:
    """The update masks of a batch for some steps of a run.

    seed: a tensor where a CUDA graph takes a new one at each replay.
    batch_offset: the number of the batch's states that other processes hold before these.
    """

    steps: int
    seed: int | Tensor
    first: int  # number of the first step
    rate: int  # update probability times 256
    batch_offset: int = 0


@overload
def step_key(seed: int, step: int) -> int: ...
@overload
def step_key(seed: int | Tensor, step: Tensor) -> Tensor: ...
def step_key(seed: Any, step: Any) -> Any:
    """The uint32 that all cells share in one step, or in each of several; both are taken modulo 2^32."""
    return mix(mix(seed + GOLDEN & UINT32) + step & UINT32)


def mask(
    height: int, width: int, seed: int, step: int, update: int | Tensor, device: torch.device | str = "cpu"
) -> Tensor:
    """The cells that update in a step: (height, width) bool, true with probability update / 256.

    update: one number for all cells, or a tensor (height, width) with one for each cell.

    Even steps pair columns 0 and 1, 2 and 3, ...; odd steps pair 1 and 2, 3 and 4, ..., around the torus.
    With an odd width one column has no partner. The right cell uses the left cell's random byte with its top bit
    flipped.
    """
    pairs = torch.arange((width + 1) // 2, device=device)
    rows = torch.arange(height, device=device)
    dice = hash_cells(pairs + step_key(seed, step) & UINT32, rows) >> 24  # (height, pairs), in [0, 255]
    place = (torch.arange(width, device=device) - (step & 1)) % width  # (width,), positions in the row of pairs
    return dice[:, place >> 1] ^ (place & 1) << 7 < update


def active_cells(
    schedule: MaskSchedule, first_row: int, rows: int, width: int, device: torch.device
) -> Iterable[Tensor]:
    """The cells that update in each step of a schedule: ascending indices into rows * width, int64.

    first_row: the mask's row that belongs to the first of these rows.

    At update rate 1/2, with an even width, one cell of each pair updates. So their number is known, and nothing waits
    for a GPU to count them.
    """
    steps = range(schedule.first, schedule.first + schedule.steps)
    if schedule.rate == HALF and width % 2 == 0:
        return _one_of_each_pair(schedule.seed, steps, torch.arange(first_row, first_row + rows, device=device), width)
    masks = (
        mask(first_row + rows, width, int(schedule.seed), step, schedule.rate, device)[first_row:] for step in steps
    )
    return (active.flatten().nonzero()[:, 0] for active in masks)


def _one_of_each_pair(seed: int | Tensor, steps: range, rows: Tensor, width: int) -> Tensor:
    """The cells that update at rate 1/2, (steps, rows * width / 2), for all steps at once; seed: an int or a tensor."""
    pairs = torch.arange(width // 2, device=rows.device)
    step = torch.arange(steps.start, steps.stop, device=rows.device)[:, None, None]
    keys = step_key(seed, step)
    right = hash_cells(pairs + keys & UINT32, rows) >> 31  # (steps, rows, pairs), 1 where the right cell updates
    columns = (2 * pairs + (step & 1) + right) % width
    wrapped = columns[..., -1:] < columns[..., :1]  # the last pair of an odd step is the last column and the first one
    columns = torch.where(wrapped, columns.roll(1, -1), columns)
    return (columns + torch.arange(len(rows), device=rows.device)[:, None] * width).flatten(1)


def hash_cells(columns: Tensor, rows: Tensor) -> Tensor:
    """A hash of each cell's column and row: (rows, columns) int64, uint32 values."""
    return mix(mix(columns) + rows[:, None] & UINT32)


def mix(x: Whole) -> Whole:
    """lowbias32 of a uint32 value, or of those in an int64 tensor."""
    x = x ^ x >> 16
    x = _times(x, 0x7FEB352D)
    x = x ^ x >> 15
    x = _times(x, 0x846CA68B)
    return x ^ x >> 16


def _times(a: Whole, b: int) -> Whole:
    """The low 32 bits of a * b, computed in halves because the full product would overflow int64."""
    high = (a >> 16) * b & 0xFFFF
    return (high << 16) + (a & 0xFFFF) * b & UINT32
