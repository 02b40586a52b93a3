"""Noise that depends only on place and number: the brush's, a value for each cell, and a decoder's, for each pixel."""

import torch
from torch import Tensor

from nca.rule.mask import UINT32, hash_cells, mix
from nca.rule.rule import NOISE_MAX

__all__ = ["grain", "noise"]


def noise(channels: int, height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """The pattern of the noise brush: (channels, height, width) float32, integers in [-1024, 1023]."""
    return grain(torch.arange(width, device=device), torch.arange(height, device=device), channels).permute(2, 0, 1)


def grain(columns: Tensor, rows: Tensor, inputs: int) -> Tensor:
    """The noise at these places: (rows, columns, inputs) float32, integers in [-1024, 1023].

    Each value is a hash of its column, its row and its input's number.
    """
    number = torch.arange(inputs, device=rows.device)
    return ((mix(hash_cells(columns, rows)[..., None] + number & UINT32) >> 21) - NOISE_MAX).float()
