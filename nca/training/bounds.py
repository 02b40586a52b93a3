"""Bounds of a training, so that no file that a stranger made ends in a traceback or in all memory."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MOST_MINUTES", "MOST_STATES", "MOST_STEPS", "check_state"]

MOST_STEPS = 10**9  # optimisation steps: some years
MOST_MINUTES = 10**6  # two years
MOST_STATES = 1 << 29  # values of all states in a pool: 1 GB, as 32 states of 1024x1024 cells and 16 channels


def check_state(tensors: "Mapping[str, Tensor]") -> "Mapping[str, Tensor]":
    """The tensors of a saved state, whose numbers are finite and in range. Raises ValueError."""
    for name, most in {"step": MOST_STEPS, "seconds": 60 * MOST_MINUTES}.items():
        value: Any = tensors[name].item() if tensors[name].numel() == 1 else None
        if value is None or not 0 <= value <= most:
            raise ValueError(f"{name} is {value}, expected a number from 0 to {most}")
    floats = {name: each for name, each in tensors.items() if each.is_floating_point()}
    broken = [name for name, each in floats.items() if not each.isfinite().all()]
    if broken:
        raise ValueError(f"{broken[0]} holds NaN or infinity, expected finite numbers")
    return tensors
