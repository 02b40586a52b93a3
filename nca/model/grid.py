"""Float weights on the format's grids: each row becomes integers times a power of two, its unit 2^-q.

The automaton and the decoder round with these functions in training. Gradients pass straight through the roundings.
"""

import numpy as np
import torch
from torch import Tensor

from nca.rule.bounds import EXACT, WEIGHT_MAX, Integers

__all__ = ["LARGEST_EXPONENT", "bounded_exponents", "exponents", "floor_", "on_grid", "whole"]

LARGEST_EXPONENT = 16  # weights are multiples of 2^-16 or coarser: k1 <= 18, k2 <= 14


@torch.no_grad()
def exponents(weights: Tensor, lowest: int) -> Tensor:
    """Each row's largest q with |w| 2^q <= 127: (rows, inputs) -> (rows,), from lowest to 16."""
    return (WEIGHT_MAX / weights.abs().amax(1)).log2().floor().clamp(lowest, LARGEST_EXPONENT)


@torch.no_grad()
def bounded_exponents(weights: Tensor, bias: Tensor, *, reach: int, bits: int, lowest: int, half: int = 0) -> Tensor:
    """Like `exponents`, but lower for rows whose bias would bring the largest possible sum to 2^24.

    bias: (rows,), in units of 2^-(q + bits).
    reach: the largest magnitude of an input.
    half: the most that the format adds to a row's sum to round it.
    """
    worst = weights.abs().sum(1) * reach + bias.abs() * 2**bits
    rounding = 0.5 * (weights.shape[1] * reach + 1) + 16 + half  # up to 1/2 for each weight; 16 for log2
    return exponents(weights, lowest).minimum(((EXACT - rounding) / worst).log2().floor()).clamp_(lowest)


def on_grid(weights: Tensor, exponent: Tensor, limit: int = WEIGHT_MAX) -> Tensor:
    """Round to the nearest multiple of 2^-exponent, at most `limit` times it; the gradient passes straight through."""
    scale = 2.0**exponent
    rounded = (weights.detach() * scale).round().clamp(-limit, limit) / scale
    return rounded + (weights - weights.detach())  # adds zero, which carries the gradient


def floor_(x: Tensor, unit: float, offset: float) -> Tensor:
    """Round down, in place, to a multiple of unit; an offset of one half rounds half up."""
    return x.mul_(1 / unit).add_(offset).floor_().mul_(unit)


def whole(values: Tensor, exponent: Tensor | None = None) -> Integers:
    """The integers of values on the grid of 2^-exponent, or of values that are whole themselves."""
    values = values.cpu().double()  # in this order, because MPS has no float64
    scaled = values if exponent is None else values * 2 ** exponent.cpu().double()
    return scaled.round().numpy().astype(np.int64)
