"""One differentiable step in real units, forward equal to `nca-fixed-1` bit for bit.

Every value is the rule's integer divided by a power of two, so it is as exact as the integer
(s / 1024, h / 256, w / 2^q). Roundings and clamps of the state pass the gradient straight through
(Bengio, Leonard, Courville 2013); the hidden units keep theirs, as any ReLU. Only the cells that
the mask picks go through the network: gathered into rows they are two matrix products, which is
several times faster on a CPU than 1x1 convolutions over all cells.
"""

from typing import Any

import torch
from torch import Tensor

from nca.mask import Plan, mask
from nca.rule import HIDDEN_BITS, HIDDEN_MAX, STATE_MAX, STATE_UNIT

__all__ = ["perceive", "run", "step"]

HIDDEN_UNIT = 2.0**-HIDDEN_BITS
STATE_LIMIT, HIDDEN_LIMIT = STATE_MAX * STATE_UNIT, HIDDEN_MAX * HIDDEN_UNIT


def run(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, plan: Plan, products: torch.dtype = torch.float32) -> Tensor:
    """Apply a plan's steps to a batch of states; its masks are one tall mask, so each state has its own."""
    B, H, W, _ = x.shape
    for number in range(plan.first, plan.first + plan.steps):
        picked = mask((plan.above + B) * H, W, plan.seed, number, plan.rate, x.device)[plan.above * H :]
        x = step(x, picked.flatten().nonzero()[:, 0], w1, b1, w2, products)
    return x


def step(x: Tensor, cells: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, products: torch.dtype = torch.float32) -> Tensor:
    """Update some cells of a batch of states.

    x: (B, H, W, C) float32, multiples of 1/1024 in [-2047/1024, 2047/1024]; returned in the same form.
    cells: indices into B * H * W of the cells that the mask picks.
    w1 (hidden, 4C), b1 (hidden,), w2 (C, hidden): weights already on their power-of-two grids.
    products: the precision of the matrix products; float32 is exact.
    """
    return _Step.apply(x, cells, w1, b1, w2, products)  # type: ignore[no-any-return]


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, cells: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, products: torch.dtype
    ) -> Tensor:
        rows = perceive(x).flatten(0, 2).index_select(0, cells).to(products)  # (cells, 4C)
        hidden = (rows @ w1.T.to(products)).float().add_(b1)
        hidden = _grid_(hidden, HIDDEN_UNIT, 0).clamp_(0, HIDDEN_LIMIT).to(products)  # (cells, hidden)
        change = _grid_((hidden @ w2.T.to(products)).float(), STATE_UNIT, 0.5)  # (cells, C)
        ctx.save_for_backward(cells, w1, w2, rows, hidden)
        return x.flatten(0, 2).index_add(0, cells, change).clamp_(-STATE_LIMIT, STATE_LIMIT).view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        cells, w1, w2, rows, hidden = ctx.saved_tensors
        (d_state,) = gradients
        d_change = d_state.flatten(0, 2).index_select(0, cells).to(rows.dtype)
        d_hidden = (d_change @ w2.to(rows.dtype)).mul_((hidden > 0) & (hidden < HIDDEN_LIMIT))
        d_rows = (d_hidden @ w1.to(rows.dtype)).float()
        d_seen = d_rows.new_zeros(d_state.shape[:-1].numel(), w1.shape[1]).index_copy_(0, cells, d_rows)
        d_x = d_state + _perceive_transposed(d_seen.view(*d_state.shape[:-1], -1))
        d_w1, d_b1, d_w2 = d_hidden.T @ rows, d_hidden.float().sum(0), d_change.T @ hidden
        return d_x, None, d_w1.float(), d_b1, d_w2.float(), None


def perceive(x: Tensor) -> Tensor:
    """What each cell sees of its neighbours on the torus: (B, H, W, C) -> (B, H, W, 4C), on the state's grid.

    Identity, Sobel x / 8, Sobel y / 8 and Laplacian / 16, rounded half up.
    """
    padded = _wrap(x)
    smooth = _smooth(padded, 1)
    laplacian = _smooth(smooth, 2).sub_(x, alpha=16)
    return torch.cat(
        [
            x,
            _grid_(_slope(smooth, 2).mul_(1 / 8), STATE_UNIT, 0.5),
            _grid_(_smooth(_slope(padded, 1), 2).mul_(1 / 8), STATE_UNIT, 0.5),
            _grid_(laplacian.mul_(1 / 16), STATE_UNIT, 0.5).clamp_(-STATE_LIMIT, STATE_LIMIT),
        ],
        dim=-1,
    )


def _perceive_transposed(seen: Tensor) -> Tensor:
    """The adjoint of perceive without its roundings: (B, H, W, 4C) -> (B, H, W, C).

    A flipped Sobel kernel is its negative; the Laplacian's is itself.
    """
    here, x, y, laplacian = seen.chunk(4, dim=-1)
    x, y, around = _wrap(x), _wrap(y), _wrap(laplacian)
    slopes = _slope(_smooth(x, 1), 2) + _smooth(_slope(y, 1), 2)
    return here - slopes / 8 + _smooth(_smooth(around, 1), 2) / 16 - laplacian


def _wrap(x: Tensor) -> Tensor:
    """Pad both sides of height and width by the torus' other side: (B, H + 2, W + 2, C)."""
    x = torch.cat([x[:, -1:], x, x[:, :1]], dim=1)
    return torch.cat([x[:, :, -1:], x, x[:, :, :1]], dim=2)


def _smooth(x: Tensor, dim: int) -> Tensor:
    """[1, 2, 1] along a padded dimension."""
    size = x.shape[dim] - 2
    return (x.narrow(dim, 0, size) + x.narrow(dim, 2, size)).add_(x.narrow(dim, 1, size), alpha=2)


def _slope(x: Tensor, dim: int) -> Tensor:
    """[-1, 0, 1] along a padded dimension."""
    size = x.shape[dim] - 2
    return x.narrow(dim, 2, size) - x.narrow(dim, 0, size)


def _grid_(x: Tensor, unit: float, offset: float) -> Tensor:
    """Round down, in place, to a multiple of unit; an offset of one half rounds half up."""
    return x.mul_(1 / unit).add_(offset).floor_().mul_(unit)
