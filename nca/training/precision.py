"""Mixed precision: which products are rounded to 16 bits, and the scale that keeps float16 gradients in range.

The lesson has a callback for it. Here it is a part of the trainer, because the scale must be removed before the norms
of the gradients are, and because a rollout must round its products as the format does.
"""

import math
from collections.abc import Iterable
from contextlib import AbstractContextManager

import torch
from torch import Tensor

from nca.errors import UserError
from nca.training.muon import Muon

__all__ = ["MATMUL_DTYPES", "Precision"]

GROW_EVERY = 200  # steps until the scale for float16 doubles; torch's 2,000 are more than a training has
SMALLEST_SCALE = 2.0**-16  # for float16 gradients; it starts at 2^16 and halves at each overflow
MATMUL_DTYPES = {"off": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


class Precision:
    """How exactly a training computes.

    amp: one of nca.training.config.AMP.
    dtype: of the matrix products. scaler: of the gradients; it does nothing unless they are float16.
    """

    def __init__(self, amp: str, device: torch.device) -> None:
        self.device = device
        self.dtype = MATMUL_DTYPES[_chosen(amp, device)]
        half = self.dtype == torch.float16
        self.scaler = torch.amp.GradScaler(device.type, growth_interval=GROW_EVERY, enabled=half)

    @property
    def reduced(self) -> bool:
        """Whether products have 16 bits."""
        return self.dtype != torch.float32

    def autocast(self) -> AbstractContextManager[object]:
        """For the features of the loss."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.reduced)

    def backward(self, loss: Tensor) -> None:
        """Gradients of the loss, times the scale."""
        torch.autograd.backward(self.scaler.scale(loss))

    def unscale(self, optimizer: Muon) -> None:
        """Remove the scale from the gradients."""
        self.scaler.unscale_(optimizer)  # type: ignore[arg-type]

    @property
    def scale(self) -> Tensor:
        """A scalar on the device."""
        return self.scaler.scale(torch.ones((), device=self.device))

    def overflowed(self, norms: Iterable[float]) -> bool:
        """Whether float16 gradients with these norms are too large: their step is skipped, and the scale halved."""
        return self.scaler.is_enabled() and not all(map(math.isfinite, norms))

    def require_range(self, scale: float, step: int) -> None:
        """After an overflow, raise UserError if the scale cannot be halved any more."""
        if scale <= SMALLEST_SCALE:
            raise UserError(f"training stopped at step {step}: float16 overflows in every step; try --amp off")


def _chosen(amp: str, device: torch.device) -> str:
    """float16 on CUDA, because tensor cores multiply our 12-bit states exactly; float32 elsewhere."""
    if amp != "auto":
        return amp
    return "fp16" if device.type == "cuda" else "off"
