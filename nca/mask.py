"""The update mask: one 32-bit hash a cell, the same uint32 arithmetic here, in JavaScript and in GLSL.

The mixing function is lowbias32 (Chris Wellons, "Prospecting for Hash Functions", 2018, public
domain): two multiplications, and about as little bias as 32 bits can have.
"""

import torch
from torch import Tensor

__all__ = ["mask", "step_key"]

UINT32 = 0xFFFFFFFF
GOLDEN = 0x9E3779B9  # keeps seed 0, step 0 off the hash's fixed point at zero


def step_key(seed: int, step: int) -> int:
    """The uint32 that all cells share in one step; seed and step count modulo 2^32."""
    return int(_mix(_mix(torch.tensor(seed + GOLDEN & UINT32)) + step & UINT32))


def mask(height: int, width: int, key: int, update: int, device: torch.device | str = "cpu") -> Tensor:
    """Which cells update in a step: (height, width) bool, true with probability update / 256."""
    x = torch.arange(width, device=device)
    y = torch.arange(height, device=device)
    column = _mix(x + key & UINT32)  # (width,)
    cell = _mix(column + y[:, None] & UINT32)  # (height, width)
    return cell >> 24 < update


def _mix(x: Tensor) -> Tensor:
    x = x ^ x >> 16
    x = _times(x, 0x7FEB352D)
    x = x ^ x >> 15
    x = _times(x, 0x846CA68B)
    return x ^ x >> 16


def _times(a: Tensor, b: int) -> Tensor:
    """The low 32 bits of a * b, by halves, since the full product would overflow int64."""
    high = (a >> 16) * b & 0xFFFF
    return (high << 16) + (a & 0xFFFF) * b & UINT32
