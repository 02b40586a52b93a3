"""The automaton that is trained: float weights whose forward pass is the integer rule."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nca import step
from nca.mask import Plan
from nca.rule import EXACT, HIDDEN_BITS, STATE_BITS, STATE_MAX, UPDATE_ALWAYS, WEIGHT_MAX, Rule

__all__ = ["Automaton"]

GAINS = (1.0, 4.0, 4.0, 8.0)  # of identity, slopes, Laplacian: half of what the format divides them by
LARGEST_EXPONENT = 16  # weights are multiples of 2^-16 or coarser: k1 <= 18, k2 <= 14


class _Grid(NamedTuple):
    """Weights on their grids, with straight-through gradients, and each row's exponent q: the unit is 2^-q."""

    w1: Tensor  # (H, 4C)
    b1: Tensor  # (H,), in units of 2^-(q1 + 10)
    q1: Tensor  # (H,)
    w2: Tensor  # (C, H)
    q2: Tensor  # (C,)


class Automaton(nn.Module):
    """Perception, one hidden layer, an update: the lesson's SimpleCA, with the shipped roundings in the loop.

    Parameters are named as in the field's notebooks: w1.weight (H, 4C, 1, 1), w1.bias (H,),
    w2.weight (C, H, 1, 1). The second layer starts at zero, so that the first step changes nothing
    (Mordvintsev et al., Growing Neural Cellular Automata, Distill 2020). The first layer's weights are in units of
    GAINS, so that a neighbour's difference moves the hidden units as much as the cell's own state does.
    """

    gains: Tensor  # (4C,)

    def __init__(self, channels: int, hidden: int, update: int = UPDATE_ALWAYS // 2) -> None:
        super().__init__()
        self.update = update
        self.w1 = nn.Conv2d(4 * channels, hidden, 1)
        self.w2 = nn.Conv2d(hidden, channels, 1, bias=False)
        nn.init.zeros_(self.w2.weight)
        self.register_buffer("gains", torch.tensor(GAINS).repeat_interleave(channels), persistent=False)

    def seed_state(self, batch: int, height: int, width: int) -> Tensor:
        """(batch, height, width, C) zeros."""
        return self.w1.weight.new_zeros(batch, height, width, self.w2.out_channels)

    def forward(
        self,
        x: Tensor,
        steps: int,
        *,
        seed: int,
        first: int = 0,
        above: int = 0,
        products: torch.dtype = torch.float32,
    ) -> Tensor:
        """Apply `steps` steps to a batch of states, (B, H, W, C) in real units.

        The batch's masks are one tall mask, so state 0 sees the same as nca.rollout's with this seed.
        above: where these are a part of a batch, how many of its states come before them.
        """
        weights = self._on_grid()
        run = _formulation(x.device, weights, products)
        return run(x, weights.w1, weights.b1, weights.w2, Plan(steps, seed, first, self.update, above), products)

    @torch.no_grad()
    def rule(self) -> Rule:
        """The integer rule that computes what forward computes.

        Weights beyond the format's range, 508 in the first layer and 15.9 in the second, are clipped in both.
        """
        w1, b1, q1, w2, q2 = (tensor.cpu().double().numpy() for tensor in self._on_grid())
        return Rule(
            w1=_integers(w1 * 2 ** q1[:, None]),
            b1=_integers(b1 * 2 ** (q1 + STATE_BITS)),
            k1=_integers(q1 + STATE_BITS - HIDDEN_BITS),
            w2=_integers(w2 * 2 ** q2[:, None]),
            k2=_integers(q2 + HIDDEN_BITS - STATE_BITS),
            update=self.update,
        )

    def _on_grid(self) -> _Grid:
        w1, w2 = self.w1.weight.flatten(1) * self.gains, self.w2.weight.flatten(1)
        b1 = self.w1.get_parameter("bias")
        q1, q2 = _first_exponents(w1, b1), _exponents(w2, lowest=3)  # k1 = q1 + 2 >= 0, k2 = q2 - 2 >= 1
        return _Grid(_round(w1, q1[:, None]), _round(b1, q1 + STATE_BITS, limit=EXACT), q1, _round(w2, q2[:, None]), q2)


def _formulation(device: torch.device, weights: _Grid, products: torch.dtype) -> Callable[..., Tensor]:
    """The fastest at hand: on the CPU what Numba compiles, where it is installed and knows the precision.

    A diverged automaton goes the plain way, which carries its NaN to the loss; integers hold none.
    """
    finite = all(each.isfinite().all() for each in weights)
    if device.type == "cpu" and find_spec("numba") and products != torch.float16 and finite:
        from nca import fused  # Numba takes half a second to import

        return fused.run
    return step.run


def _integers(values: np.ndarray) -> np.ndarray:
    return values.round().astype(np.int64)


@torch.no_grad()
def _exponents(weights: Tensor, lowest: int) -> Tensor:
    """Each row's largest q with |w| 2^q <= 127."""
    return (WEIGHT_MAX / weights.abs().amax(1)).log2().floor().clamp(lowest, LARGEST_EXPONENT)


@torch.no_grad()
def _first_exponents(weights: Tensor, bias: Tensor) -> Tensor:
    """As above, lowered where the bias would push a row's worst case to 2^24."""
    worst = weights.abs().sum(1) * STATE_MAX + bias.abs() * 2**STATE_BITS
    rounding = 0.5 * (weights.shape[1] * STATE_MAX + 1) + 16  # each weight by one half; 16 for log2's own error
    return _exponents(weights, lowest=-2).minimum(((EXACT - rounding) / worst).log2().floor()).clamp_(-2)


def _round(weights: Tensor, exponent: Tensor, limit: int = WEIGHT_MAX) -> Tensor:
    """To the nearest multiple of 2^-exponent; the gradient passes straight through."""
    scale = 2.0**exponent
    on_grid = (weights.detach() * scale).round().clamp(-limit, limit) / scale
    return on_grid + (weights - weights.detach())  # the added zero carries the gradient
