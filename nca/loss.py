"""The training loss: Gram matrices of features, and a price on leaving the state's visible range."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from nca.features import FeatureMap, Features

__all__ = ["StyleLoss", "gram", "overflow", "reflect"]

SMALLEST = 1e-2  # squared size of a Gram matrix; of a picture of one colour some are 0, and 0 / 0 is no loss


def gram(features: Tensor) -> Tensor:
    """Mean products of each pair of features: (B, F, h, w) -> (B, F, F) float32 (Gatys, Ecker, Bethge 2015)."""
    with torch.autocast(features.device.type, enabled=False):  # the sums over all pixels overflow float16
        matrices: Tensor = _Gram.apply(features.flatten(2).float())
    return matrices


class _Gram(torch.autograd.Function):
    """A product of a tensor with itself has one product as its gradient; autograd would take it for two."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        ctx.save_for_backward(features)  # (B, F, pixels)
        return features @ features.mT / features.shape[2]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        features: Tensor = ctx.saved_tensors[0]
        (d_gram,) = gradients
        return ((d_gram + d_gram.mT) / features.shape[2]) @ features


class StyleLoss:
    """How far pictures' Gram matrices are from a target's: relative squared error, weighted over layers.

    target: (1, 3, H, W) in [0, 1]; the pictures may be of any other size.
    """

    def __init__(self, features: Features, target: Tensor) -> None:
        self.features = features
        maps = features(reflect(target, features.margin))
        self.targets = [gram(_crop(each, features.margin, target)) for each in maps]
        self.sizes = [(each**2).sum().clamp(min=SMALLEST) for each in self.targets]

    def __call__(self, pictures: Tensor) -> Tensor:
        """The mean over a batch (B, 3, h, w): a scalar."""
        terms = [
            each.weight * ((gram(each.values) - target) ** 2).sum((1, 2)) / size
            for each, target, size in zip(self.features(pictures), self.targets, self.sizes, strict=True)
        ]
        return torch.stack(terms).sum(0).mean()


def reflect(picture: Tensor, margin: int) -> Tensor:
    """Mirror a picture (1, 3, H, W) beyond its border, again and again where the margin is larger than the picture."""
    while margin > 0:
        border = min(margin, *(size - 1 for size in picture.shape[-2:]))
        picture = pad(picture, (border,) * 4, mode="reflect")
        margin -= border
    return picture


def _crop(features: FeatureMap, margin: int, target: Tensor) -> Tensor:
    """Drop the reflected border; a map of a pyramid's level is smaller than the picture."""
    values = features.values
    border = round(margin * values.shape[-1] / (target.shape[-1] + 2 * margin))
    return values[..., border : values.shape[-2] - border, border : values.shape[-1] - border]


def overflow(states: Tensor) -> Tensor:
    """Mean distance of values from [-1, 1], in the state's real units: a scalar (Niklasson et al., Distill 2021)."""
    return (states - states.clamp(-1, 1)).abs().mean()
