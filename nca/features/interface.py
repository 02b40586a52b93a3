"""The interface of feature extractors: the style loss compares the feature maps of pictures."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor
from torch.nn.functional import pad

__all__ = ["FeatureMap", "Features", "reflect"]


@dataclass(frozen=True)
class FeatureMap:
    """The features of one layer, (B, F, h, w), and the layer's weight in the loss."""

    values: Tensor
    weight: float


class Features(Protocol):
    """Computes one feature map for each layer from pictures, (B, 3, H, W) in about [0, 1].

    margin: pixels by which a target is mirrored beyond its border before, and cropped after. Features that wrap around
    the torus, as the state does, then never see the target's seam. It is 0 for features that do not wrap around.
    """

    @property
    def margin(self) -> int:
        """In pixels, from 0."""

    def __call__(self, pictures: Tensor) -> list[FeatureMap]:
        """The maps, of the same layers in the same order at each call."""


def reflect(picture: Tensor, margin: int) -> Tensor:
    """Mirror a picture (1, 3, H, W) beyond its border, repeatedly if the margin is larger than the picture."""
    while margin > 0:
        border = min(margin, *(size - 1 for size in picture.shape[-2:]))
        picture = pad(picture, (border,) * 4, mode="reflect")
        margin -= border
    return picture
