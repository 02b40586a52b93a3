"""Features of VGG16 or VGG19, trained on ImageNet, as in Gatys, Ecker, Bethge (2015) and in the lesson."""

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nca.errors import UserError
from nca.features.interface import FeatureMap
from nca.features.registry import Options

__all__ = ["LAYERS", "WEIGHTS", "Vgg", "make"]

LAYERS = {"vgg16": (1, 6, 11, 18, 25), "vgg19": (1, 6, 11, 20, 29)}  # the first ReLU of each block
WEIGHTS = (1.0,) * 5
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet


def make(name: str, target: Tensor, options: Options) -> "Vgg":
    """For the registry."""
    return Vgg(name, options.weights, options.layer_weights or WEIGHTS, target.device)


class Vgg:
    """The first ReLU of each of the five blocks of VGG16 or VGG19.

    weights: a file that torch.save has made of the state dict of torchvision's model, or of its `features.` entries
        only; None to let torchvision download its own.
    layer_weights: of the five layers.

    Raises UserError if torchvision is not installed, or the weights cannot be read or downloaded.
    """

    margin = 0

    def __init__(self, name: str, weights: Path | None, layer_weights: tuple[float, ...], device: torch.device) -> None:
        self.layers = dict(zip(LAYERS[name], layer_weights, strict=True))
        network = _network(name, weights)[: max(LAYERS[name]) + 1]
        self.network = network.eval().requires_grad_(False).to(device, torch.float32)
        self.mean = torch.tensor(MEAN, device=device)[:, None, None]
        self.deviation = torch.tensor(DEVIATION, device=device)[:, None, None]

    def __call__(self, pictures: Tensor) -> list[FeatureMap]:
        """One map for each of the five layers."""
        values = (pictures - self.mean) / self.deviation
        maps = []
        for index, layer in enumerate(self.network):
            values = layer(values)
            if index in self.layers:
                maps.append(FeatureMap(values, self.layers[index]))
        return maps


def _network(name: str, weights: Path | None) -> nn.Sequential:
    try:
        from torchvision import models
    except ImportError:
        raise UserError(f"{name} needs torchvision: pip install torchvision, or use multiscale") from None
    with torch.device("meta"):  # random initial weights, 138 million, would take seconds
        features: nn.Sequential = getattr(models, name)(weights=None).features
    try:
        state = _read(weights) if weights else _download(name)
        state = {key.removeprefix("features."): state[key] for key in state if key.startswith("features.")}
        features.load_state_dict(state, assign=True)
    except (RuntimeError, TypeError, AttributeError):
        raise UserError(f"{weights} does not fit {name}: expected the state dict of torchvision's {name}") from None
    return features


def _read(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about unusual pickles, which are refused below
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    except Exception:  # a damaged pickle raises many kinds: IndexError, KeyError, AssertionError, struct.error
        raise UserError(f"{path} holds no weights: expected a state dict saved by torch.save") from None


def _download(name: str) -> Any:
    from torchvision.models import get_model_weights

    try:
        return get_model_weights(name).DEFAULT.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError) as error:  # no network, or a damaged download
        raise UserError(
            f"the weights of {name} cannot be downloaded ({error}): give a file with --weights, "
            "or use --features multiscale, which needs none"
        ) from None
