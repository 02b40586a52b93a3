"""Features of the user's own: code that a command names, `my_features.py:Edges` or `package.module:Edges`.

It is imported where training makes its loss, and nowhere else: a run folder or a bundle holds the name, as text.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from nca.errors import UserError
from nca.features import FeatureMap
from nca.files import plain_text

__all__ = ["OwnFeatures", "absolute", "without_folder"]


class OwnFeatures:
    """What the named class or function gives when it is called without arguments, once.

    That is a torch module, or anything else that is called with pictures, (B, 3, H, W) in about [0, 1], and gives a
    list of maps: tensors (B, F, h, w) of floats, or FeatureMap. Its attribute `margin`, in pixels, is 0 where it has
    none. A module comes to the device, in eval mode, with its parameters frozen.

    layer_weights: of the maps; empty for the maps' own, 1 for a tensor.
    seed: of torch's random numbers while it is made, so that a resumed run has the same random features.
    Raises UserError, when it is made and when it is called, where the code does not do this.
    """

    def __init__(self, name: str, layer_weights: tuple[float, ...], seed: int, device: torch.device) -> None:
        self.name = name
        self.layer_weights = layer_weights
        self.sizes: list[int] = []  # F of each map, known after the first call
        with self._explained("when it was made"), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.compute = _named(name)()
            if isinstance(self.compute, nn.Module):
                self.compute.eval().requires_grad_(False).to(device, torch.float32)
            self.margin = getattr(self.compute, "margin", 0)
        self._require(callable(self.compute), f"gives {_kind(self.compute)}", "a torch module, or another callable")
        whole = type(self.margin) is int and self.margin >= 0
        self._require(whole, f"has the margin {self.margin!r}", "a whole number of pixels from 0")

    def __call__(self, pictures: Tensor) -> list[FeatureMap]:
        """The maps with their weights, the same layers at each call."""
        with self._explained("when it was called with pictures"):
            values = self.compute(pictures)
        self._require(isinstance(values, list | tuple) and len(values) > 0, f"gave {_kind(values)}", "a list of maps")
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
        self._require(isinstance(values, Tensor), f"gave a list with {_kind(values)}", expected)
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

    @contextmanager
    def _explained(self, when: str) -> Iterator[None]:
        """Name what the user's code raises, in one line."""
        try:
            yield
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
            raise UserError(f"{self.name} failed {when}: {reason}") from None


def absolute(name: str) -> str:
    """The name with its file's whole path, so that a run finds it from any folder; a module's as it is."""
    place, _, attribute = name.rpartition(":")
    return f"{Path(place).absolute()}:{attribute}" if _is_file(place) else name


def without_folder(name: str) -> str:
    """The name as others may see it: a path tells them of the user's disk."""
    place, colon, attribute = name.rpartition(":")
    return plain_text(f"{Path(place).name if _is_file(place) else place}{colon}{attribute}")


def _is_file(place: str) -> bool:
    return place.endswith(".py") or Path(place).name != place


def _named(name: str) -> Any:
    place, _, attribute = name.rpartition(":")
    module = _from_file(Path(place)) if _is_file(place) else _from_package(place)
    if not hasattr(module, attribute):
        raise UserError(f"{place} has no {attribute!r}: expected a class or a function of that name in it")
    found = getattr(module, attribute)
    if not callable(found):
        raise UserError(f"{name} is {_kind(found)}: expected a class or a function, which gives the features")
    return found


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UserError(f"there is no file {path}: expected the Python file with your features")
    spec = spec_from_file_location(f"nca_own_features_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path} is no Python file: expected a name that ends in .py")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for the module of their class
    spec.loader.exec_module(module)
    return module


def _from_package(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # another module, which this one imports
        raise UserError(f"there is no module {name}: expected one that is installed, or FILE.py:NAME") from None


def _kind(value: object) -> str:
    if isinstance(value, list | tuple) and not value:
        return f"an empty {type(value).__name__}"
    return "nothing" if value is None else f"an object of type {type(value).__name__}"
