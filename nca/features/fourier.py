"""Fourier transforms of pictures on the torus, as pairs of real numbers.

MPS gets them from products of real matrices, because complex numbers are new there. At the sizes of a training's states
these products are small.
"""

import math
from functools import cache

import torch
from torch import Tensor

__all__ = ["picture", "spectrum"]


def spectrum(pictures: Tensor) -> Tensor:
    """(B, C, height, width) -> (height, width // 2 + 1, B, C, 2): real and imaginary part of each frequency."""
    if _has_complex(pictures.device):
        return torch.view_as_real(torch.fft.rfft2(pictures).permute(2, 3, 0, 1))
    height, width = pictures.shape[-2:]
    (cosine, sine), half = _waves(width, pictures.device), width // 2 + 1
    across = torch.stack([pictures @ cosine[:, :half], -pictures @ sine[:, :half]], dim=-1)
    return _down(across, height, -1).permute(2, 3, 0, 1, 4)


def picture(pairs: Tensor, height: int, width: int) -> Tensor:
    """The inverse of `spectrum`."""
    if _has_complex(pairs.device):
        pictures: Tensor = torch.fft.irfft2(torch.view_as_complex(pairs).permute(2, 3, 0, 1), s=(height, width))
        return pictures
    real, imaginary = _down(pairs.permute(2, 3, 0, 1, 4), height, 1).unbind(-1)
    (cosine, sine), half = _waves(width, pairs.device), width // 2 + 1
    twice = torch.arange(half, device=pairs.device) * 2 % width > 0  # all but the first and the middle frequency
    share = (1.0 + twice) / (height * width)  # the other half of the frequencies mirrors this one
    return (real * share) @ cosine[:half] - (imaginary * share) @ sine[:half]


def _has_complex(device: torch.device) -> bool:
    return device.type != "mps"


def _down(pairs: Tensor, height: int, sign: int) -> Tensor:
    """The transform along columns of (B, C, height, frequencies, 2); sign: of the exponent."""
    cosine, sine = _waves(height, pairs.device)
    real, imaginary = pairs.unbind(-1)
    sine = sign * sine
    return torch.stack([cosine @ real - sine @ imaginary, cosine @ imaginary + sine @ real], dim=-1)


@cache
def _waves(size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines of 2 pi i k / size, (size, size), computed in float64 on the CPU."""
    number = torch.arange(size)
    angles = (number[:, None] * number % size).double() * (2 * math.pi / size)
    return angles.cos().float().to(device), angles.sin().float().to(device)
