"""The decoder that is trained: float weights whose forward pass equals the integer decoder, bit for bit.

Every value is an integer divided by a power of two, as in nca.model.step. The gradient passes straight through the
roundings and the clamp of the colours. The clamp of the hidden units stops it, as a ReLU does.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nca.model.grid import LARGEST_EXPONENT, bounded_exponents, floor_, on_grid, whole
from nca.rule.bounds import EXACT
from nca.rule.decoder import COLOR_MAX, Decoder
from nca.rule.noise import grain
from nca.rule.rule import HIDDEN_BITS, HIDDEN_MAX, STATE_BITS, STATE_MAX, STATE_UNIT
from nca.rule.spline import SPLINE_UNIT, enlarged, spline_weights

__all__ = ["DecoderNet"]

GAIN, GRAIN_GAIN = 4.0, 0.25  # of the state and of grain
HIDDEN_UNIT = 2.0**-HIDDEN_BITS
HIDDEN_LIMIT, COLOR_LIMIT = HIDDEN_MAX * HIDDEN_UNIT, COLOR_MAX * STATE_UNIT
LARGEST_HALF = 1 << LARGEST_EXPONENT + HIDDEN_BITS - STATE_BITS - 1  # 2^(k2 - 1)


class _Grid(NamedTuple):
    """Weights rounded to multiples of 2^-q, with one exponent q for each row. Gradients pass straight through."""

    w1: Tensor  # (D, C + G)
    b1: Tensor  # (D,), in units of 2^-(q1 + 10)
    q1: Tensor  # (D,)
    w2: Tensor  # (3, D)
    b2: Tensor  # (3,), in units of 2^-(q2 + 8)
    q2: Tensor  # (3,)


class DecoderNet(nn.Module):
    """Interpolated state and grain, one hidden layer, a colour (after Pajouheshgar et al., From Cells to Pixels, 2025).

    The parameters are w1.weight (D, C + G), w1.bias (D,), w2.weight (3, D) and w2.bias (3,). The second layer starts at
    zero. So with the skip, an untrained decoder shows the interpolated state. The first layer's weights are multiplied
    by a gain.
    """

    gains: Tensor  # (C + G,)

    def __init__(self, channels: int, units: int = 16, grain: int = 2, *, skip: bool = True) -> None:
        super().__init__()
        self.skip = skip
        self.w1 = nn.Linear(channels + grain, units)
        self.w2 = nn.Linear(units, 3)
        nn.init.normal_(self.w1.weight, std=channels**-0.5)
        for zero in (self.w1.bias, self.w2.weight, self.w2.bias):
            nn.init.zeros_(zero)
        self.register_buffer("gains", torch.tensor([GAIN] * channels + [GRAIN_GAIN] * grain), persistent=False)
        self.grain = grain

    def forward(self, x: Tensor, detail: int) -> Tensor:
        """The colours of states: (B, H, W, C) -> (B, H * detail, W * detail, 3), both in real units."""
        smooth: Tensor = _Between.apply(x, detail)
        rows, columns = (torch.arange(size, device=x.device) for size in smooth.shape[1:3])
        noise = grain(columns, rows, self.grain) * STATE_UNIT
        weights = self._on_grid()
        colors: Tensor = _Paint.apply(smooth, noise, weights.w1, weights.b1, weights.w2, weights.b2, self.skip)
        return colors

    @torch.no_grad()
    def decoder(self, detail: int = 4) -> Decoder:
        """The integer decoder that equals `forward` bit for bit. detail: at which it was trained.

        Both clip weights to the format's range: 508 in the first layer and 15.9 in the second.

        Raises UserError if a bias is too large for the format.
        """
        w1, b1, q1, w2, b2, q2 = self._on_grid()
        return Decoder(
            w1=whole(w1, q1[:, None]),
            b1=whole(b1, q1 + STATE_BITS),
            k1=whole(q1 + STATE_BITS - HIDDEN_BITS),
            w2=whole(w2, q2[:, None]),
            b2=whole(b2, q2 + HIDDEN_BITS),
            k2=whole(q2 + HIDDEN_BITS - STATE_BITS),
            grain=self.grain,
            skip=self.skip,
            detail=detail,
        )

    def _on_grid(self) -> _Grid:
        w1, b1, w2, b2 = self.w1.weight * self.gains, self.w1.bias, self.w2.weight, self.w2.bias
        q1, q2 = _first_exponents(w1, b1), _second_exponents(w2, b2)
        first = on_grid(w1, q1[:, None]), on_grid(b1, q1 + STATE_BITS, limit=EXACT), q1
        second = on_grid(w2, q2[:, None]), on_grid(b2, q2 + HIDDEN_BITS, limit=EXACT), q2
        return _Grid(*first, *second)


def _first_exponents(weights: Tensor, bias: Tensor) -> Tensor:
    return bounded_exponents(weights, bias, reach=STATE_MAX, bits=STATE_BITS, lowest=-2)  # k1 = q1 + 2 >= 0


def _second_exponents(weights: Tensor, bias: Tensor) -> Tensor:
    # k2 = q2 - 2 >= 1
    return bounded_exponents(weights, bias, reach=HIDDEN_MAX, bits=HIDDEN_BITS, lowest=3, half=LARGEST_HALF)


class _Between(torch.autograd.Function):
    """The state between the cells of the torus: (B, H, W, C) -> (B, H * detail, W * detail, C).

    Rows are rounded down as in the format; the last rounding is left to `_Paint`. The gradient passes straight through.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, detail: int) -> Tensor:
        ctx.detail = detail
        rows = enlarged(x.roll(1, 2), x, x.roll(-1, 2), detail, 2)
        floor_(rows, STATE_UNIT * SPLINE_UNIT, 0)
        return enlarged(rows.roll(1, 1), rows, rows.roll(-1, 1), detail, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        d_rows = _gathered(gradients[0], ctx.detail, 1)
        return _gathered(d_rows, ctx.detail, 2), None


def _gathered(pixels: Tensor, detail: int, dim: int) -> Tensor:
    """The transpose of `enlarged` on a torus: (..., size * detail, ...) -> (..., size, ...)."""
    before, size, after = pixels.shape[:dim], pixels.shape[dim] // detail, pixels.shape[dim + 1 :]
    sums = spline_weights(detail, pixels.device) @ pixels.reshape(*before, size, detail, -1)  # (..., size, 3, rest)
    left, own, right = sums.view(*before, size, 3, *after).unbind(dim + 1)
    return own + left.roll(-1, dim) + right.roll(1, dim)


class _Paint(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, smooth: Tensor, noise: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, skip: bool
    ) -> Tensor:
        seen = torch.cat([smooth, noise.expand(len(smooth), -1, -1, -1)], dim=-1).flatten(0, 2)  # (pixels, C + G)
        floor_(seen, STATE_UNIT, 0.5)  # grain does not change: it is on the grid
        hidden = floor_((seen @ w1.T).add_(b1), HIDDEN_UNIT, 0).clamp_(0, HIDDEN_LIMIT)  # (pixels, D)
        color = floor_((hidden @ w2.T).add_(b2), STATE_UNIT, 0.5)  # (pixels, 3)
        if skip:
            color += seen[:, :3]
        ctx.save_for_backward(w1, w2, seen, hidden)
        ctx.skip, ctx.shape = skip, smooth.shape
        return color.clamp_(-COLOR_LIMIT, COLOR_LIMIT).view(*smooth.shape[:3], 3)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        w1, w2, seen, hidden = ctx.saved_tensors
        d_color = gradients[0].flatten(0, 2)
        d_hidden = (d_color @ w2).mul_((hidden > 0) & (hidden < HIDDEN_LIMIT))
        d_smooth = None
        if ctx.needs_input_grad[0]:  # the states of a finished rule need none
            d_smooth = d_hidden @ w1[:, : ctx.shape[-1]]
            if ctx.skip:
                d_smooth[:, :3] += d_color
            d_smooth = d_smooth.view(ctx.shape)
        d_w1, d_w2 = d_hidden.T @ seen, d_color.T @ hidden
        return d_smooth, None, d_w1, d_hidden.sum(0), d_w2, d_color.sum(0), None
