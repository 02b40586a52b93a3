"""What the style loss looks at: features of pictures, behind one small interface."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

__all__ = ["FeatureMap", "Features"]


@dataclass(frozen=True)
class FeatureMap:
    """One layer's features, (B, F, h, w), and the layer's weight in the loss."""

    values: Tensor
    weight: float


class Features(Protocol):
    """Features of pictures, (B, 3, H, W) in about [0, 1], as one map a layer.

    margin: the border, in pixels, by which a target is reflected before and cropped after, so that
    features which wrap around the torus, as the state does, never see its seam; 0 for others.
    """

    @property
    def margin(self) -> int:
        """In pixels."""

    def __call__(self, pictures: Tensor) -> list[FeatureMap]:
        """Always the same layers in the same order."""
