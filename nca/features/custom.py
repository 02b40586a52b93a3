"""Custom features: a user's code, named on the command line as `my_features.py:Edges` or `package.module:Edges`.

The code is imported only when training creates its loss. Run folders and bundles store the name, as text.
"""

from typing import Any

import torch
from torch import Tensor, nn

from nca.errors import UserError
from nca.features.interface import FeatureMap
from nca.features.registry import Options
from nca.named import explained, find_named, kind_of

__all__ = ["CustomFeatures", "make"]


def make(name: str, target: Tensor, options: Options) -> "CustomFeatures":
    """For the registry."""
    return CustomFeatures(name, options.layer_weights, options.seed, target.device)


class CustomFeatures:
    """Features computed by a user's code.

    The named class or function is called once, without arguments. It returns a torch module, or another callable. This
    takes pictures, (B, 3, H, W) in about [0, 1], and returns a list of maps: tensors (B, F, h, w) of floats, or
    FeatureMap. Its attribute `margin`, in pixels, is optional and 0 by default. A module is moved to the device, in
    eval mode, with its parameters frozen.

    layer_weights: of the maps; empty for the weights of FeatureMap, and 1 for tensors.
    seed: of torch's random numbers while the code is called, so that a resumed run has the same random features.

    Raises UserError, at creation and at each call, if the code does not meet this contract.
    """

    def __init__(self, name: str, layer_weights: tuple[float, ...], seed: int, device: torch.device) -> None:
        self.name = name
        self.layer_weights = layer_weights
        self.sizes: list[int] = []  # F of each map, known after the first call
        with explained(f"{name} failed when it was made"), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.compute = find_named(name, "features")()
            if isinstance(self.compute, nn.Module):
                self.compute.eval().requires_grad_(False).to(device, torch.float32)
            self.margin = getattr(self.compute, "margin", 0)
        self._require(callable(self.compute), f"gives {kind_of(self.compute)}", "a torch module, or another callable")
        whole = type(self.margin) is int and self.margin >= 0
        self._require(whole, f"has the margin {self.margin!r}", "a whole number of pixels from 0")

    def __call__(self, pictures: Tensor) -> list[FeatureMap]:
        """The maps with their weights, of the same layers at each call."""
        with explained(f"{self.name} failed when it was called with pictures"):
            values = self.compute(pictures)
        self._require(isinstance(values, list | tuple) and len(values) > 0, f"gave {kind_of(values)}", "a list of maps")
        maps = [each if isinstance(each, FeatureMap) else FeatureMap(each, 1.0) for each in values]
        for each in maps:
            self._check(each.values, pictures)
        self._check_layers([each.values.shape[1] for each in maps])
        learns = not pictures.requires_grad or any(each.values.requires_grad for each in maps)
        self._require(learns, "gave maps without a gradient", "maps computed from the pictures by torch alone")
        if not self.layer_weights:
            return maps
        return [FeatureMap(each.values, weight) for each, weight in zip(maps, self.layer_weights, strict=True)]

    def _check(self, values: Any, pictures: Tensor) -> None:
        expected = f"a tensor of floats ({len(pictures)}, features, height, width)"
        self._require(isinstance(values, Tensor), f"gave a list with {kind_of(values)}", expected)
        sound = values.ndim == 4 and values.is_floating_point() and len(values) == len(pictures) and values.numel()
        self._require(bool(sound), f"gave a map of shape {tuple(values.shape)} and type {values.dtype}", expected)

    def _check_layers(self, sizes: list[int]) -> None:
        if self.layer_weights and len(self.layer_weights) != len(sizes):
            raise UserError(f"layer_weights is {self.layer_weights}: expected {len(sizes)} numbers for {self.name}")
        self.sizes = self.sizes or sizes
        self._require(sizes == self.sizes, f"gave maps of {sizes} features", f"{self.sizes} as at the first call")

    def _require(self, holds: bool, found: str, expected: str) -> None:
        if not holds:
            raise UserError(f"{self.name} {found}: expected {expected}")
