"""Custom features: colours, and edges in eight directions at four scales.

nca train examples/lava.png -o runs/lava --features examples/features.py:Edges
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad, relu

DIRECTIONS = 8
STEPS = (1, 2, 4, 8)  # px between the pixels that a kernel reads


class Edges(nn.Module):
    """Training makes it once, without arguments, and compares the Gram matrices of its maps."""

    margin = 24  # px by which the target is mirrored, so that kernels that wrap around do not meet its seam

    def __init__(self) -> None:
        super().__init__()
        across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
        angles = torch.arange(DIRECTIONS) * (2 * torch.pi / DIRECTIONS)
        edges = angles.cos()[:, None, None] * across + angles.sin()[:, None, None] * across.T
        blur = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
        self.register_buffer("edges", edges.repeat(3, 1, 1)[:, None])  # for red, green and blue
        self.register_buffer("blur", blur.expand(3, 1, 3, 3))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Pictures, (B, 3, H, W) in about [0, 1], to four maps, (B, 28, H, W)."""
        maps = []
        for step in STEPS:
            edges = relu(_convolve(pictures, self.edges, step))
            maps.append(torch.cat([torch.ones_like(pictures[:, :1]), pictures - 0.5, edges], dim=1))
            pictures = _convolve(pictures, self.blur, step)
        return maps


def _convolve(pictures: Tensor, kernels: Tensor, step: int) -> Tensor:
    """Convolve each colour by itself, on the torus."""
    wrapped = pad(pictures, (step,) * 4, mode="circular")
    return conv2d(wrapped, kernels, groups=3, dilation=step)
