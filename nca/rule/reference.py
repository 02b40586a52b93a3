"""The reference: `nca-fixed-1` in torch, on any device, with integers stored as float32."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from nca.rule.mask import mask
from nca.rule.rule import HIDDEN_MAX, STATE_MAX, Rule

__all__ = [
    "DeviceRule",
    "distance2",
    "erase",
    "exact_products",
    "noise_state",
    "perceive",
    "reference_rollout",
    "restore",
    "rgb_bytes",
    "seed_state",
]


def seed_state(rule: Rule, height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """The first state of every run: (C, height, width) float32 zeros. The update mask breaks the symmetry."""
    return torch.zeros(rule.channels, height, width, device=device)


def noise_state(shape: Sequence[int], random: torch.Generator) -> Tensor:
    """(C, height, width) float32 integers, uniform in [-2047, 2047]."""
    return torch.randint(-STATE_MAX, STATE_MAX + 1, tuple(shape), generator=random).float()


@torch.inference_mode()
def reference_rollout(rule: Rule, state: Tensor, steps: int, *, seed: int, first: int = 0) -> Tensor:
    """Apply the rule `steps` times: steps first, first + 1, ... of the run with this seed.

    state: (C, height, width) float32, integers in [-2047, 2047]; returned in the same form.
    """
    on_device = DeviceRule.of(rule, state.device)
    height, width = state.shape[-2:]
    with exact_products(state.device):
        for step in range(first, first + steps):
            state = _step(on_device, state, mask(height, width, seed, step, rule.update, state.device))
    return state


def perceive(state: Tensor) -> Tensor:
    """The perception of each cell's 3x3 neighbourhood on the torus: (C, H, W) -> (4C, H, W), in [-2047, 2047].

    Identity, Sobel x, Sobel y and Laplacian, scaled back to the state's range. It adds shifted states, because
    conv2d's backends may choose Winograd or TF32, which are not exact.
    """
    padded = pad(state[None], (1, 1, 1, 1), mode="circular")[0]
    above, here, below = padded[:, :-2], padded[:, 1:-1], padded[:, 2:]
    smooth = above + 2 * here + below  # [1, 2, 1] down each column
    slope = below - above
    x = smooth[..., 2:] - smooth[..., :-2]
    y = slope[..., :-2] + 2 * slope[..., 1:-1] + slope[..., 2:]
    laplacian = smooth[..., :-2] + 2 * smooth[..., 1:-1] + smooth[..., 2:] - 16 * state
    laplacian = ((laplacian + 8) / 16).floor().clamp(-STATE_MAX, STATE_MAX)
    return torch.cat([state, ((x + 4) / 8).floor(), ((y + 4) / 8).floor(), laplacian])


def rgb_bytes(state: Tensor) -> np.ndarray:
    """The picture of a state: (height, width, 3) uint8. A channel's real value s / 1024 is shown as s / 1024 + 0.5."""
    byte = (((state[:3] + 512) * 255 + 512) / 1024).floor().clamp(0, 255)
    return byte.permute(1, 2, 0).to(torch.uint8).cpu().numpy()


def erase(state: Tensor, x: int, y: int, radius: int) -> Tensor:
    """Set the cells within `radius` of column x, row y on the torus to zero."""
    return restore(state, torch.zeros_like(state), x, y, radius)


def restore(state: Tensor, kept: Tensor, x: int, y: int, radius: int) -> Tensor:
    """Replace the cells within `radius` of column x, row y on the torus by those of `kept`."""
    height, width = state.shape[-2:]
    return torch.where(distance2(height, width, x, y, state.device) <= radius**2, kept, state)


def distance2(height: int, width: int, x: int, y: int, device: torch.device | str = "cpu") -> Tensor:
    """Each cell's squared distance from column x, row y, along the shorter way around the torus: (height, width)."""
    across = _distance(torch.arange(width, device=device), x, width)
    down = _distance(torch.arange(height, device=device), y, height)
    return across**2 + down[:, None] ** 2


def _distance(position: Tensor, origin: int, size: int) -> Tensor:
    forward = (position - origin) % size
    return torch.minimum(forward, size - forward)


@dataclass(frozen=True)
class DeviceRule:
    """A rule's integers as float32 on a device, with biases and scales as columns."""

    w1: Tensor  # (H, 4C)
    b1: Tensor  # (H, 1)
    scale1: Tensor  # (H, 1), 2^-k1
    w2: Tensor  # (C, H)
    half: Tensor  # (C, 1), 2^(k2 - 1)
    scale2: Tensor  # (C, 1), 2^-k2

    @classmethod
    def of(cls, rule: Rule, device: torch.device) -> "DeviceRule":
        """Convert a rule. This is exact: float32 represents each of its integers."""
        scale1, scale2 = 0.5**rule.k1, 0.5**rule.k2
        arrays = rule.w1, rule.b1[:, None], scale1[:, None], rule.w2, 0.5 / scale2[:, None], scale2[:, None]
        return cls(*(torch.tensor(array, dtype=torch.float32, device=device) for array in arrays))

    def change(self, perception: Tensor) -> Tensor:
        """The change of cells with this perception: (4C, cells) -> (C, cells)."""
        hidden = ((self.w1 @ perception + self.b1) * self.scale1).floor().clamp(0, HIDDEN_MAX)
        return ((self.w2 @ hidden + self.half) * self.scale2).floor()


def _step(rule: DeviceRule, state: Tensor, update: Tensor) -> Tensor:
    cells = update.flatten().nonzero()[:, 0]  # the other cells keep their state
    change = rule.change(perceive(state).flatten(1)[:, cells])
    return state.flatten(1).index_add(1, cells, change).clamp(-STATE_MAX, STATE_MAX).view_as(state)


@contextmanager
def exact_products(device: torch.device) -> Iterator[None]:
    """Compute matrix products in full float32, whatever the caller has set: autocast, TF32 and bf16 are not exact."""
    backends = _backends_with_precision()
    precisions = [backend.fp32_precision for backend in backends]
    overall = _overall_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(overall)
        for backend, precision in zip(backends, precisions, strict=True):
            backend.fp32_precision = precision


def _backends_with_precision() -> list[Any]:
    """The backends with a precision setting of their own (torch 2.9 and later)."""
    backends = [getattr(backend, "matmul", None) for backend in (torch.backends.cuda, torch.backends.mkldnn)]
    return [backend for backend in backends if hasattr(backend, "fp32_precision")]


def _overall_precision() -> str:
    """The overall float32 precision; torch raises RuntimeError if a backend was set differently, so nobody set it."""
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return "highest"
