"""The quadratic B-spline through the cells of a row or a column, at the middles of a decoder's pixels."""

import torch
from torch import Tensor

__all__ = ["SPLINE_UNIT", "enlarged", "spline_weights"]

SPLINE_UNIT = 2.0**-4  # of a state's integer: rows are rounded down to it before columns are mixed


def spline_weights(detail: int, device: torch.device) -> Tensor:
    """The weights of the cell before, the own and the one after: (3, detail), multiples of 1/512 whose sum is 1."""
    e = (2 * torch.arange(detail, device=device) + 1 - detail) * (8 // detail)  # from the middle, in 1/16 of a cell
    return torch.stack([(8 - e) ** 2, 384 - 2 * e**2, (8 + e) ** 2]) / 512


def enlarged(before: Tensor, own: Tensor, after: Tensor, detail: int, dim: int) -> Tensor:
    """Mix three cells for each pixel along a dimension: (..., size, ...) -> (..., size * detail, ...).

    Integers, or multiples of `SPLINE_UNIT`, in [-2047, 2047] give multiples of 1/512 of theirs: exact in any order.
    """
    weights = spline_weights(detail, own.device).view(3, detail, *[1] * (own.ndim - dim - 1))
    before, own, after = (cells.unsqueeze(dim + 1) for cells in (before, own, after))
    return (own * weights[1]).addcmul_(before, weights[0]).addcmul_(after, weights[2]).flatten(dim, dim + 1)
