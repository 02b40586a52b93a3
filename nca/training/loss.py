"""The training loss: Gram matrices of features, and a penalty for values outside the visible range."""

from typing import Any

import torch
from torch import Tensor

from nca.features.interface import FeatureMap, Features, reflect

__all__ = ["StyleLoss", "gram", "overflow"]

SMALLEST = 1e-2  # squared norm of a Gram matrix, at least; a picture of one colour has zeros, and 0 / 0 is NaN


def gram(features: Tensor) -> Tensor:
    """The mean product of each pair of features: (B, F, h, w) -> (B, F, F) float32 (Gatys, Ecker, Bethge 2015)."""
    with torch.autocast(features.device.type, enabled=False):  # sums over all pixels would overflow float16
        matrices: Tensor = _Gram.apply(features.flatten(2).float())
    return matrices


class _Gram(torch.autograd.Function):
    """The product of a tensor with itself. One product computes its gradient; autograd would compute two."""

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
    """The relative squared error between the Gram matrices of pictures and of a target, as a weighted sum over layers.

    target: (1, 3, H, W) in [0, 1]; the pictures may have any other size.
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


def _crop(features: FeatureMap, margin: int, target: Tensor) -> Tensor:
    """Remove the reflected border. Maps of a pyramid are smaller than the picture, and so is their border."""
    values = features.values
    border = round(margin * values.shape[-1] / (target.shape[-1] + 2 * margin))
    return values[..., border : values.shape[-2] - border, border : values.shape[-1] - border]


def overflow(states: Tensor) -> Tensor:
    """Mean distance of values from [-1, 1], in the state's real units: a scalar (Niklasson et al., Distill 2021)."""
    return (states - states.clamp(-1, 1)).abs().mean()
