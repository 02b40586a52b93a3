"""Features of one's own: colours and oriented edges, on each level of a pyramid.

nca train examples/lava.png -o runs/lava --features examples/features.py:Edges
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, pad, relu

DIRECTIONS, LEVELS = 8, 4


class Edges(nn.Module):
    """Made without arguments, once; training compares the Gram matrices of its maps."""

    margin = 16  # px by which the target is mirrored: what wraps around must not see its border

    def __init__(self) -> None:
        super().__init__()
        across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
        angles = torch.arange(DIRECTIONS) * (2 * torch.pi / DIRECTIONS)
        steered = angles.cos()[:, None, None] * across + angles.sin()[:, None, None] * across.T
        self.register_buffer("kernels", steered.repeat(3, 1, 1)[:, None])  # (3 * DIRECTIONS, 1, 3, 3)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Pictures, (B, 3, H, W) in about [0, 1], to a map a level: (B, F, h, w)."""
        maps = []
        for _ in range(LEVELS):
            wrapped = pad(pictures, (1, 1, 1, 1), mode="circular")
            edges = relu(conv2d(wrapped, self.kernels, groups=3))  # of each colour, in each direction
            maps.append(torch.cat([torch.ones_like(pictures[:, :1]), pictures - 0.5, edges], dim=1))
            pictures = avg_pool2d(pictures, 2)
        return maps
