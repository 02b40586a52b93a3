"""The reference: `nca-fixed-1` run in torch, integers in float32 lanes, on any device."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from nca.errors import UserError
from nca.mask import mask
from nca.rule import HIDDEN_MAX, STATE_MAX, Rule

__all__ = ["erase", "perceive", "pick_device", "restore", "rgb_bytes", "rollout", "seed_state"]


def seed_state(rule: Rule, height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """Every rollout's beginning: (C, height, width) float32 zeros; the mask breaks the symmetry."""
    return torch.zeros(rule.channels, height, width, device=device)


def pick_device(choice: str) -> torch.device:
    """`auto` is CUDA where there is one, else the CPU. Raises UserError where the choice is not at hand."""
    at_hand = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if choice == "auto":
        return torch.device("cuda" if at_hand["cuda"] else "cpu")
    if not at_hand[choice]:
        raise UserError(
            f"device {choice} is not at hand: expected one of {[name for name in at_hand if at_hand[name]]}"
        )
    return torch.device(choice)


@torch.inference_mode()
def rollout(rule: Rule, state: Tensor, steps: int, *, seed: int, first: int = 0) -> Tensor:
    """Apply the rule `steps` times, as steps first, first + 1, ... of the run with this seed.

    state: (C, height, width) float32, integers in [-2047, 2047]; returned in the same form.
    """
    weights = _Lanes.of(rule, state.device)
    height, width = state.shape[-2:]
    with _exact_products(state.device):
        for step in range(first, first + steps):
            state = _step(weights, state, mask(height, width, seed, step, rule.update, state.device))
    return state


def perceive(state: Tensor) -> Tensor:
    """What a cell sees of its 3x3 neighbours on the torus: (C, H, W) -> (4C, H, W), in [-2047, 2047].

    Identity, Sobel x, Sobel y and Laplacian, scaled back to the state's range.
    Shifted sums rather than conv2d, whose backends may choose Winograd or TF32.
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
    """The picture of a state: (height, width, 3) uint8; a channel's real value s / 1024 shows as s / 1024 + 0.5."""
    byte = (((state[:3] + 512) * 255 + 512) / 1024).floor().clamp(0, 255)
    return byte.permute(1, 2, 0).to(torch.uint8).cpu().numpy()


def erase(state: Tensor, x: int, y: int, radius: int) -> Tensor:
    """Zero the disc of cells within `radius` of column x, row y on the torus."""
    return restore(state, torch.zeros_like(state), x, y, radius)


def restore(state: Tensor, kept: Tensor, x: int, y: int, radius: int) -> Tensor:
    """Put the cells of `kept` back within `radius` of column x, row y on the torus."""
    height, width = state.shape[-2:]
    across = _distance(torch.arange(width, device=state.device), x, width)
    down = _distance(torch.arange(height, device=state.device), y, height)
    inside = across**2 + down[:, None] ** 2 <= radius**2
    return torch.where(inside, kept, state)


def _distance(position: Tensor, origin: int, size: int) -> Tensor:
    forward = (position - origin) % size
    return torch.minimum(forward, size - forward)


@dataclass(frozen=True)
class _Lanes:
    """A rule's integers as float32 on a device; biases and scales as columns."""

    w1: Tensor  # (H, 4C)
    b1: Tensor  # (H, 1)
    scale1: Tensor  # (H, 1), 2^-k1
    w2: Tensor  # (C, H)
    half: Tensor  # (C, 1), 2^(k2 - 1)
    scale2: Tensor  # (C, 1), 2^-k2

    @classmethod
    def of(cls, rule: Rule, device: torch.device) -> "_Lanes":
        scale1, scale2 = 0.5**rule.k1, 0.5**rule.k2
        arrays = rule.w1, rule.b1[:, None], scale1[:, None], rule.w2, 0.5 / scale2[:, None], scale2[:, None]
        return cls(*(torch.tensor(array, dtype=torch.float32, device=device) for array in arrays))


def _step(rule: _Lanes, state: Tensor, update: Tensor) -> Tensor:
    cells = update.flatten().nonzero()[:, 0]  # the others keep their state
    perception = perceive(state).flatten(1)[:, cells]  # (4C, cells)
    hidden = ((rule.w1 @ perception + rule.b1) * rule.scale1).floor().clamp(0, HIDDEN_MAX)
    change = ((rule.w2 @ hidden + rule.half) * rule.scale2).floor()
    return state.flatten(1).index_add(1, cells, change).clamp(-STATE_MAX, STATE_MAX).view_as(state)


@contextmanager
def _exact_products(device: torch.device) -> Iterator[None]:
    """Full float32 products whatever the caller has set: neither autocast nor TF32 nor bf16 is exact here."""
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
    """Those whose products have a precision of their own, since torch 2.9."""
    backends = [getattr(backend, "matmul", None) for backend in (torch.backends.cuda, torch.backends.mkldnn)]
    return [backend for backend in backends if hasattr(backend, "fp32_precision")]


def _overall_precision() -> str:
    """What set_float32_matmul_precision has set; torch raises where a backend was set otherwise, so it was not."""
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return "highest"
