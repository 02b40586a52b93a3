"""Sharpening a finished texture: from its rule, its provenance and the file of its picture to a decoder."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError
from nca.features.registry import AUTO, chosen_features, make_features
from nca.files import plain_text
from nca.named import without_folder
from nca.picture import load_picture, natural_scale, picture_bytes, require_texture, scale_picture
from nca.rule.decoder import Decoder
from nca.rule.rule import Rule
from nca.run import CONFIG, LOG, MODEL, TARGET, model_bytes
from nca.training.config import Config
from nca.training.pixels import chosen_detail
from nca.training.sharpen import sharpen

__all__ = ["Sharpened", "Sharpening", "run_files", "sharpen_texture"]


@dataclass(frozen=True)
class Sharpening:
    """How a decoder is fitted to a finished rule.

    detail: pixels a cell, 1, 2, 4 or 8; 0 for as many as the picture has, up to 4.
    scale: cells for each pixel of the picture, up to 1; 0 for the scale that the rule was trained at.
    features: of the loss; auto for imagenet where its weights are installed, else multiscale.
    seed: of everything random.

    Raises UserError if the scale is out of range.
    """

    detail: int = 0
    scale: float = 0
    features: str = AUTO
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a scale that enlarges."""
        if not isinstance(self.scale, int | float) or not 0 <= self.scale <= 1:
            raise UserError(f"scale is {self.scale}: expected above 0, up to 1, or 0 for the scale of the training")


@dataclass(frozen=True)
class Sharpened:
    """A rule with its decoder. picture: at the decoder's detail. provenance: of both."""

    rule: Rule
    decoder: Decoder
    picture: NDArray[np.uint8]
    provenance: dict[str, Any]


def sharpen_texture(
    rule: Rule,
    provenance: dict[str, Any],
    image: Path,
    how: Sharpening,
    show: Callable[[float], object] = lambda _: None,
) -> Sharpened:
    """Fit a decoder to a finished rule, from the picture that the rule was trained on.

    provenance: the rule's; its configuration holds the scale. show: called with the fraction that is done.

    Raises UserError if the picture cannot be used, or has too few pixels for the detail.
    """
    picture, how = _prepared(load_picture(image), provenance, how, str(image))
    make = partial(make_features, how.features, seed=how.seed)
    decoder = sharpen(rule, picture, how.detail, seed=how.seed, make=make, show=show)
    stored = asdict(how) | {"picture": plain_text(image.name), "features": without_folder(how.features)}
    return Sharpened(rule, decoder, picture, provenance | {"decoder": stored})


def run_files(sharpened: Sharpened, source: Path | None) -> dict[str, bytes]:
    """The files of a run folder. From another run come its configuration and log, but not the state for resuming."""
    files = [source / name for name in (CONFIG, LOG)] if source else []
    kept = {file.name: file.read_bytes() for file in files if file.is_file()}
    return kept | {
        TARGET: picture_bytes(sharpened.picture),
        MODEL: model_bytes(sharpened.rule, sharpened.provenance, sharpened.decoder),
    }


def _prepared(
    picture: NDArray[np.uint8], provenance: dict[str, Any], how: Sharpening, name: str
) -> tuple[NDArray[np.uint8], Sharpening]:
    """The picture as the decoder shall show it, and every choice made."""
    scale = how.scale or _trained(provenance, "scale") or natural_scale(picture)
    detail = chosen_detail(picture, scale, how.detail, name)
    how = replace(how, scale=float(scale), detail=detail, features=chosen_features(how.features))
    scaled = scale_picture(picture, scale, int(_trained(provenance, "size") or Config.size), detail)
    require_texture(scaled, name)
    return scaled, how


def _trained(provenance: dict[str, Any], setting: str) -> float | None:
    """A number in the configuration that a rule was trained with. Provenance may hold anything."""
    config = provenance.get("config")
    value = config.get(setting) if isinstance(config, dict) else None
    return value if isinstance(value, int | float) and value > 0 else None
