"""Starting a training run from a picture, or resuming one from its folder."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from nca.callbacks.recorder import Recorder
from nca.device import pick_device
from nca.errors import UserError
from nca.features.registry import make_features
from nca.files import check_output, plain_text, sweep
from nca.jsontext import parse_json
from nca.picture import SMALLEST, STDIN, load_picture, natural_scale, require_texture, scale_picture
from nca.reading import read_file
from nca.run import CONFIG, LOG, MODEL, STATE, TARGET, load_run
from nca.training.bounds import check_state
from nca.training.checkpoint import load_captured
from nca.training.config import Config
from nca.training.pixels import chosen_detail
from nca.training.ranks import ALONE, Ranks
from nca.training.trainer import Trainer

__all__ = ["begin", "resume"]

log = logging.getLogger(__name__)


def begin(
    image: Path,
    output: Path,
    config: Config,
    *,
    device: str,
    weights: Path | None = None,
    force: bool = False,
    ranks: Ranks = ALONE,
) -> Recorder:
    """Start a new run. Raises UserError if the picture cannot be used or the output cannot be written."""
    check_output(output, force=force, marker=MODEL)
    name = "stdin" if image == STDIN else plain_text(image.name)
    if image == STDIN and ranks.count > 1:
        raise UserError("several processes cannot share stdin: save the picture, then name the file")
    picture = load_picture(image)
    config = replace(config, scale=_true_scale(config.scale or natural_scale(picture), picture))
    config = replace(config, detail=chosen_detail(picture, config.scale, config.detail, name))
    target = scale_picture(picture, config.scale, config.size, config.detail)
    require_texture(target, name)
    return Recorder(_trainer(target, config, device, weights, ranks=ranks, picture=name, folder=output))


def _true_scale(scale: float, picture: NDArray[np.uint8]) -> float:
    """Nothing is scaled below the fewest pixels; later commands scale the picture as the run says."""
    least = SMALLEST / len(picture)
    if scale < least:
        log.warning("at scale %g the picture has fewer than %d px: %g is used", scale, SMALLEST, least)
    return max(scale, least)


def resume(
    output: Path, changes: dict[str, Any], *, device: str, weights: Path | None = None, ranks: Ranks = ALONE
) -> Recorder:
    """Resume the run in a folder from its last save. changes: of its configuration.

    Training continues from the saved state, which is written last. If an interrupted save left newer files, the log is
    cut to the state's step, and training writes the rest again.

    Raises UserError if the folder is no run, or is damaged, or is trained to its end already.
    """
    if "steps" in changes:
        changes = {"minutes": None, **changes}  # steps replace the clock
    picture = load_run(output).provenance.get("picture", TARGET)
    with _resuming(output):
        stored = {"detail": 1} | _settings(output / CONFIG)
        Config.of(stored)
        state = check_state(load(read_file(output / STATE, most=None)))
        log = _cut(read_file(output / LOG).decode(), int(state["step"]))
    target, config = load_picture(output / TARGET), Config.of(stored | changes)
    trainer = _trainer(target, config, device, weights, ranks=ranks, picture=str(picture), folder=output)
    with _resuming(output):
        load_captured(trainer, state)
    if ranks.index == 0:
        sweep(output)
    if trainer.progress >= 1:
        raise UserError(f"{output} is trained to its end: to train it further, ask for more --steps or --minutes")
    return Recorder(trainer, log)


@contextmanager
def _resuming(folder: Path) -> Iterator[None]:
    """Name the folder in what is wrong with its files."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{folder} cannot be resumed: {error.filename}: {error.strerror}") from None
    except (UserError, ValueError, TypeError, AttributeError, KeyError, SafetensorError) as error:
        raise UserError(f"{folder} cannot be resumed, it is damaged ({error}): train again") from None


def _settings(file: Path) -> dict[str, Any]:
    """A run's stored settings. Raises ValueError."""
    settings = parse_json(read_file(file))
    if not isinstance(settings, dict):
        raise ValueError(f"{file.name} is {str(settings)[:60]}: expected an object")
    return settings


def _cut(log: str, step: int) -> str:
    return "".join(line for line in log.splitlines(keepends=True) if parse_json(line)["step"] <= step)


def _trainer(pixels: NDArray[np.uint8], config: Config, device: str, weights: Path | None, **run: Any) -> Trainer:
    target: Tensor = torch.tensor(pixels, device=pick_device(device)).permute(2, 0, 1)[None] / 255
    make = partial(
        make_features, config.features, layer_weights=config.layer_weights, seed=config.seed, weights=weights
    )
    return Trainer(config, make, target, **run)
