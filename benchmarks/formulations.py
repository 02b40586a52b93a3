"""The automaton as others train it: in floats, over all cells, with a random mask and autograd's gradients.

`Plain` is ours, in plain torch also where compiled steps would run.

Written from their descriptions: fast.ai's lesson 20, and Niklasson et al., "Self-Organising Textures" (Distill 2021),
with its PyTorch notebook and TensorFlow code. Weights, kernels and loop are ours, so that all train the same model.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad, relu

from nca.model.automaton import Automaton
from nca.model.step import plain_steps
from nca.rule.mask import MaskSchedule

__all__ = ["Depthwise", "Folded", "Plain"]

KERNELS = torch.tensor(
    [
        [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
        [[-1 / 8, 0, 1 / 8], [-1 / 4, 0, 1 / 4], [-1 / 8, 0, 1 / 8]],
        [[-1 / 8, -1 / 4, -1 / 8], [0, 0, 0], [1 / 8, 1 / 4, 1 / 8]],
        [[1 / 16, 1 / 8, 1 / 16], [1 / 8, -3 / 4, 1 / 8], [1 / 16, 1 / 8, 1 / 16]],
    ]
)


class Plain(Automaton):
    """Automaton.forward as it is without Numba, and on a GPU."""

    def forward(
        self, x: Tensor, steps: int, *, seed: int, matmul_dtype: torch.dtype = torch.float32, **_: Any
    ) -> Tensor:
        """As Automaton.forward, from step 0."""
        weights = self._on_grid()
        schedule = MaskSchedule(steps, seed, 0, self.update)
        return plain_steps(x, weights.w1, weights.b1, weights.w2, schedule, matmul_dtype)


class Formulation(Automaton):
    """Automaton.forward in floats."""

    def forward(self, x: Tensor, steps: int, *, matmul_dtype: torch.dtype = torch.float32, **_: Any) -> Tensor:
        """As Automaton.forward; the random mask takes no seed, and the rest runs under autocast."""
        C = x.shape[3]
        w1 = (self.layer1.weight.flatten(1) * self.gains).view(-1, 4, C).mT.reshape(-1, 4 * C, 1, 1)
        x = x.permute(0, 3, 1, 2).contiguous()
        with torch.autocast(x.device.type, matmul_dtype, enabled=matmul_dtype != torch.float32):
            for _ in range(steps):
                change = self.layer2(relu(conv2d(self.perceive(x), w1, self.layer1.bias)))
                picked = (torch.rand(len(x), 1, *x.shape[2:], device=x.device) + self.update / 256).floor()
                x = x + change * picked
        return x.permute(0, 2, 3, 1)


class Folded(Formulation):
    """The lesson's and the notebook's: channels folded into the batch, one convolution with four filters."""

    def perceive(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 4C, H, W), all filters of a channel together."""
        B, C, H, W = x.shape
        folded = pad(x.reshape(B * C, 1, H, W), (1, 1, 1, 1), mode="circular")
        return conv2d(folded, KERNELS[:, None].to(x.device)).view(B, 4 * C, H, W)


class Depthwise(Formulation):
    """The TensorFlow code's: a depthwise convolution with circular padding."""

    def perceive(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 4C, H, W), all filters of a channel together."""
        C = x.shape[1]
        kernels = KERNELS[:, None].to(x.device).repeat(C, 1, 1, 1)
        return conv2d(pad(x, (1, 1, 1, 1), mode="circular"), kernels, groups=C)
