"""The loss of decoded pictures. At a high resolution, features of the whole picture would be many times as slow.

The picture scaled down shows a texture's coarse structure, and a crop shows its finest structure. So features compare
the whole picture at one and at two pixels a cell. Above that, filters of up to 15 pixels compare a crop.
"""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from nca.features.interface import FeatureMap, Features, reflect
from nca.features.multiscale import Multiscale
from nca.training.loss import StyleLoss

__all__ = ["DetailLoss", "MakeFeatures", "combined", "multiscale"]

MOST_WHOLE = 2  # pixels a cell at which the whole picture is compared
FINE = 15  # px, the largest filter on a crop
FINE_LEVELS = 2
CROP, BORDER = 96, 16  # px; features wrap around a crop, so within the border they see its opposite side


class MakeFeatures(Protocol):
    """Makes features for a target, (1, 3, side, side) in [0, 1], such as a partial `make_features`."""

    def __call__(self, target: Tensor, *, enlarge: bool) -> Features:
        """enlarge: whether a network may look at enlarged pictures."""


def multiscale(target: Tensor, *, enlarge: bool = True) -> Features:
    """The features that need no package."""
    return Multiscale(reflect(target, Multiscale.margin))


def combined(terms: Tensor) -> Tensor:
    """The loss of several style losses. With logarithms all of them keep their share as they fall."""
    return 0.5 * terms.log().sum()


class DetailLoss:
    """The distance of decoded pictures from a target, as one or two style losses.

    target: (1, 3, side, side) in [0, 1], at `detail` pixels a cell; its side is a multiple of the detail.
    make: the features, which compare at two pixels a cell, or at one if the detail is 1.
    """

    def __init__(self, target: Tensor, detail: int, make: MakeFeatures = multiscale) -> None:
        below = detail // MOST_WHOLE if detail > MOST_WHOLE else 1
        self.whole = [(below, _style(make, _reduced(target, below), enlarge=detail == 1))]
        self.fine = None
        if detail > MOST_WHOLE:
            self.whole.append((detail, _style(multiscale, _reduced(target, detail))))
            self.fine = StyleLoss(_Inside(_fine(target)), target)

    def terms(self, pictures: Tensor, random: torch.Generator) -> Tensor:
        """The style losses of a batch, (B, 3, h, w) at this detail: of the whole, and of a crop above detail 2.

        random: chooses the crop.
        """
        whole = torch.stack([style(_reduced(pictures, factor)) for factor, style in self.whole]).sum()
        if self.fine is None:
            return whole[None]
        return torch.stack([whole, self.fine(_crop(pictures, random))])

    def __call__(self, pictures: Tensor, random: torch.Generator) -> Tensor:
        """The loss of a batch: a scalar."""
        return combined(self.terms(pictures, random))


class _Inside:
    """Features of a crop without its border, where they see the crop's opposite side."""

    margin = 0

    def __init__(self, features: Features) -> None:
        self.features = features

    def __call__(self, pictures: Tensor) -> list[FeatureMap]:
        return [FeatureMap(_inside(each.values, pictures), each.weight) for each in self.features(pictures)]


def _inside(values: Tensor, pictures: Tensor) -> Tensor:
    """Remove the border of a map, which may be smaller than its picture."""
    border = round(BORDER * values.shape[-1] / pictures.shape[-1])
    return values[..., border:-border, border:-border]


def _style(make: MakeFeatures, target: Tensor, *, enlarge: bool = False) -> StyleLoss:
    return StyleLoss(make(target, enlarge=enlarge), target)


def _reduced(pictures: Tensor, factor: int) -> Tensor:
    return pictures if factor == 1 else avg_pool2d(pictures, factor)


def _fine(target: Tensor) -> Features:
    return Multiscale(reflect(target, Multiscale.margin), largest=FINE, levels=FINE_LEVELS)


def _crop(pictures: Tensor, random: torch.Generator) -> Tensor:
    """A random crop of pictures on a torus, at the same place in each."""
    y, x = (int(torch.randint(size, (), generator=random)) for size in pictures.shape[2:])
    return pictures.roll((-y, -x), (2, 3))[..., :CROP, :CROP]
