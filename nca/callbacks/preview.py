"""The picture that shows how far a training is."""

import torch

from nca.picture import picture_bytes
from nca.rule.rule import STATE_UNIT
from nca.training.trainer import Trainer

__all__ = ["png_bytes", "preview"]

PREVIEWS = 4  # states side by side


@torch.no_grad()
def preview(trainer: Trainer) -> bytes:
    """The first states of the pool, side by side, as a PNG."""
    states = trainer.pool.integers[:PREVIEWS] * STATE_UNIT
    return png_bytes(torch.cat([*trainer.pictures(states, trainer.detail)], dim=2).permute(1, 2, 0))


def png_bytes(picture: torch.Tensor) -> bytes:
    """(height, width, 3) in about [0, 1]."""
    return picture_bytes((picture.clamp(0, 1) * 255).round().byte().cpu().numpy())
