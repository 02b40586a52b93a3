"""The update mask: one 32-bit hash for two neighbours, the same uint32 arithmetic here, in JavaScript and in GLSL.

At update rate 1/2 exactly one of the two updates, so a shader fragment for each pair wastes no
work. Pairs that stay the same print a lattice of period two; pairs that move by one column
each step do not (docs/performance.md, "The mask").

The mixing function is lowbias32 (Chris Wellons, "Prospecting for Hash Functions", 2018, public
domain): two multiplications, and about as little bias as 32 bits can have.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["UINT32", "Plan", "hash_cells", "mask", "mix", "step_key"]

UINT32 = 0xFFFFFFFF
GOLDEN = 0x9E3779B9  # keeps seed 0, step 0 off the hash's fixed point at zero


@dataclass(frozen=True)
class Plan:
    """Which cells update in which step: those of a run with this seed, `steps` steps from `first` on.

    above: how many states of the same batch come before these, where several processes share it.
    """

    steps: int
    seed: int
    first: int
    rate: int  # update probability times 256
    above: int = 0


def step_key(seed: int, step: int) -> int:
    """The uint32 that all cells share in one step; seed and step count modulo 2^32."""
    return int(mix(mix(torch.tensor(seed + GOLDEN & UINT32)) + step & UINT32))


def mask(
    height: int, width: int, seed: int, step: int, update: int | Tensor, device: torch.device | str = "cpu"
) -> Tensor:
    """Which cells update in a step: (height, width) bool, true with probability update / 256, of each cell or all.

    Even steps pair columns 0 and 1, 2 and 3, ...; odd ones 1 and 2, 3 and 4, ..., around the torus.
    In an odd width one column stays alone. The left cell's dice are the right one's with the top bit flipped.
    """
    pairs = torch.arange((width + 1) // 2, device=device)
    rows = torch.arange(height, device=device)
    dice = hash_cells(pairs + step_key(seed, step) & UINT32, rows) >> 24  # (height, pairs), in [0, 255]
    place = (torch.arange(width, device=device) - (step & 1)) % width  # (width,), a column's in its row of pairs
    return dice[:, place >> 1] ^ (place & 1) << 7 < update


def hash_cells(columns: Tensor, rows: Tensor) -> Tensor:
    """A uint32 for each cell in an int64 tensor, (rows, columns)."""
    return mix(mix(columns) + rows[:, None] & UINT32)


def mix(x: Tensor) -> Tensor:
    """lowbias32 of uint32 values in an int64 tensor."""
    x = x ^ x >> 16
    x = _times(x, 0x7FEB352D)
    x = x ^ x >> 15
    x = _times(x, 0x846CA68B)
    return x ^ x >> 16


def _times(a: Tensor, b: int) -> Tensor:
    """The low 32 bits of a * b, by halves, since the full product would overflow int64."""
    high = (a >> 16) * b & 0xFFFF
    return (high << 16) + (a & 0xFFFF) * b & UINT32
