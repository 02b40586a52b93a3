"""One differentiable step in real units, in plain torch. Its forward pass equals `nca-fixed-1` bit for bit.

Every value is an integer of the rule divided by a power of two (s / 1024, h / 256, w / 2^q), so it is as exact as the
integer. The gradient passes straight through the roundings and the state's clamp (Bengio, Leonard, Courville 2013).
The clamp of the hidden units stops it, as a ReLU does. Only the active cells of the mask go through the network. They
are gathered into the rows of a matrix; two matrix products are several times faster on a CPU than 1x1 convolutions
over all cells.
"""

from typing import Any

import torch
from torch import Tensor

from nca.model.grid import floor_
from nca.rule.mask import MaskSchedule, active_cells
from nca.rule.rule import HIDDEN_BITS, HIDDEN_MAX, STATE_MAX, STATE_UNIT

__all__ = ["perceive_batch", "plain_steps", "step"]

HIDDEN_UNIT = 2.0**-HIDDEN_BITS
STATE_LIMIT, HIDDEN_LIMIT = STATE_MAX * STATE_UNIT, HIDDEN_MAX * HIDDEN_UNIT


def plain_steps(
    x: Tensor,
    w1: Tensor,
    b1: Tensor,
    w2: Tensor,
    schedule: MaskSchedule,
    matmul_dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Apply the steps of a schedule to a batch of states. One tall mask covers the batch, so each state has its own."""
    B, H, W, _ = x.shape
    for cells in active_cells(schedule, schedule.batch_offset * H, B * H, W, x.device):
        x = step(x, cells, w1, b1, w2, matmul_dtype)
    return x


def step(
    x: Tensor, cells: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, matmul_dtype: torch.dtype = torch.float32
) -> Tensor:
    """Update some cells of a batch of states.

    x: (B, H, W, C) float32, multiples of 1/1024 in [-2047/1024, 2047/1024]; returned in the same form.
    cells: indices into B * H * W of the active cells.
    w1 (hidden, 4C), b1 (hidden,), w2 (C, hidden): weights that are rounded to multiples of powers of two already.
    matmul_dtype: precision of the matrix products; float32 is exact.
    """
    return _Step.apply(x, cells, w1, b1, w2, matmul_dtype)  # type: ignore[no-any-return]


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, cells: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, matmul_dtype: torch.dtype
    ) -> Tensor:
        rows = perceive_batch(x).flatten(0, 2).index_select(0, cells).to(matmul_dtype)  # (cells, 4C)
        hidden = (rows @ w1.T.to(matmul_dtype)).float().add_(b1)
        hidden = floor_(hidden, HIDDEN_UNIT, 0).clamp_(0, HIDDEN_LIMIT).to(matmul_dtype)  # (cells, hidden)
        change = floor_((hidden @ w2.T.to(matmul_dtype)).float(), STATE_UNIT, 0.5)  # (cells, C)
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


def perceive_batch(x: Tensor) -> Tensor:
    """The perception of a batch on the torus: (B, H, W, C) -> (B, H, W, 4C), multiples of 1/1024.

    Identity, Sobel x / 8, Sobel y / 8 and Laplacian / 16, rounded half up.
    """
    padded = _wrap(x)
    smooth = _smooth(padded, 1)
    laplacian = _smooth(smooth, 2).sub_(x, alpha=16)
    return torch.cat(
        [
            x,
            floor_(_slope(smooth, 2).mul_(1 / 8), STATE_UNIT, 0.5),
            floor_(_smooth(_slope(padded, 1), 2).mul_(1 / 8), STATE_UNIT, 0.5),
            floor_(laplacian.mul_(1 / 16), STATE_UNIT, 0.5).clamp_(-STATE_LIMIT, STATE_LIMIT),
        ],
        dim=-1,
    )


def _perceive_transposed(seen: Tensor) -> Tensor:
    """The adjoint of `perceive_batch` without its roundings: (B, H, W, 4C) -> (B, H, W, C).

    A flipped Sobel kernel is its negative; the Laplacian is symmetric.
    """
    here, x, y, laplacian = seen.chunk(4, dim=-1)
    x, y, around = _wrap(x), _wrap(y), _wrap(laplacian)
    slopes = _slope(_smooth(x, 1), 2) + _smooth(_slope(y, 1), 2)
    return here - slopes / 8 + _smooth(_smooth(around, 1), 2) / 16 - laplacian


def _wrap(x: Tensor) -> Tensor:
    """Pad each side with the row or column from the opposite side: (B, H + 2, W + 2, C)."""
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
