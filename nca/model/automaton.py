"""The automaton that is trained: float weights whose forward pass is the integer rule."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from nca.model.backend import Steps, pick_steps
from nca.model.grid import bounded_exponents, exponents, on_grid, whole
from nca.model.step import plain_steps
from nca.rule.bounds import EXACT
from nca.rule.mask import MaskSchedule
from nca.rule.rule import HIDDEN_BITS, STATE_BITS, STATE_MAX, UPDATE_ALWAYS, Rule

__all__ = ["Automaton"]

GAINS = (1.0, 4.0, 4.0, 8.0)  # of identity, x, y, Laplacian; for the last three half of the format's divisors


class _Grid(NamedTuple):
    """Weights rounded to multiples of 2^-q, with one exponent q for each row. Gradients pass straight through."""

    w1: Tensor  # (H, 4C)
    b1: Tensor  # (H,), in units of 2^-(q1 + 10)
    q1: Tensor  # (H,)
    w2: Tensor  # (C, H)
    q2: Tensor  # (C,)


class Automaton(nn.Module):
    """Perception, one hidden layer and an update: the lesson's SimpleCA, trained with the format's roundings.

    The parameters are layer1.weight (H, 4C, 1, 1), layer1.bias (H,) and layer2.weight (C, H, 1, 1). Their names differ
    from the published notebooks' w1 and w2, because a checkpoint of theirs computes another rule under our kernels and
    GAINS: `nca import` converts it. The second layer starts at zero, so an untrained automaton changes nothing
    (Mordvintsev et al., Growing Neural Cellular Automata, Distill 2020). The first layer's weights are multiplied by
    GAINS, so that a difference between neighbours moves the hidden units as much as the cell's own state does.
    """

    gains: Tensor  # (4C,)

    def __init__(self, channels: int, hidden: int, update: int = UPDATE_ALWAYS // 2) -> None:
        super().__init__()
        self.update = update
        self.plain: Steps = plain_steps  # where no compiled steps run
        self.layer1 = nn.Conv2d(4 * channels, hidden, 1)
        self.layer2 = nn.Conv2d(hidden, channels, 1, bias=False)
        nn.init.zeros_(self.layer2.weight)
        self.register_buffer("gains", torch.tensor(GAINS).repeat_interleave(channels), persistent=False)

    def seed_state(self, batch: int, height: int, width: int) -> Tensor:
        """(batch, height, width, C) zeros."""
        return self.layer1.weight.new_zeros(batch, height, width, self.layer2.out_channels)

    def forward(
        self,
        x: Tensor,
        steps: int,
        *,
        seed: int,
        first: int = 0,
        batch_offset: int = 0,
        matmul_dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Apply `steps` steps to a batch of states, (B, H, W, C) in real units.

        One mask, B * H rows high, serves the whole batch. So state 0 gets the masks of a rollout with this seed, and
        each other state gets its own.

        first: number of the first step.
        batch_offset: the number of the batch's states that other processes hold before these.
        matmul_dtype: precision of the matrix products; float32 is exact.
        """
        weights = self._on_grid()
        schedule = MaskSchedule(steps, seed, first, self.update, batch_offset)
        run = pick_steps(x.device, weights, matmul_dtype, self.plain)
        return run(x, weights.w1, weights.b1, weights.w2, schedule, matmul_dtype)

    @torch.no_grad()
    def rule(self) -> Rule:
        """The integer rule that equals `forward` bit for bit.

        Both clip weights to the format's range: 508 in the first layer and 15.9 in the second.

        Raises UserError if a bias is too large for the format.
        """
        w1, b1, q1, w2, q2 = self._on_grid()
        return Rule(
            w1=whole(w1, q1[:, None]),
            b1=whole(b1, q1 + STATE_BITS),
            k1=whole(q1 + STATE_BITS - HIDDEN_BITS),
            w2=whole(w2, q2[:, None]),
            k2=whole(q2 + HIDDEN_BITS - STATE_BITS),
            update=self.update,
        )

    def _on_grid(self) -> _Grid:
        w1, w2 = self.layer1.weight.flatten(1) * self.gains, self.layer2.weight.flatten(1)
        b1 = self.layer1.get_parameter("bias")
        q1 = bounded_exponents(w1, b1, reach=STATE_MAX, bits=STATE_BITS, lowest=-2)  # k1 = q1 + 2 >= 0
        q2 = exponents(w2, lowest=3)  # k2 = q2 - 2 >= 1
        first = on_grid(w1, q1[:, None]), on_grid(b1, q1 + STATE_BITS, limit=EXACT), q1
        return _Grid(*first, on_grid(w2, q2[:, None]), q2)
