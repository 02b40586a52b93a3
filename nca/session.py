"""Beginning a training run from a picture, or going on with one from its folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from nca.checkpoint import restore
from nca.config import Config
from nca.errors import UserError
from nca.files import check_output, plain_text, sweep
from nca.picture import load_picture, natural_scale, scale_picture
from nca.ranks import ALONE, Ranks
from nca.record import Recorder
from nca.rollout import pick_device
from nca.run import CONFIG, LOG, MODEL, STATE, TARGET, load_run
from nca.train import Trainer, make_features

__all__ = ["begin", "resume"]


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
    """A new run. Raises UserError where the picture cannot be used or the output cannot be written."""
    check_output(output, force=force, marker=MODEL)
    picture = load_picture(image)
    config = replace(config, scale=config.scale or natural_scale(picture))
    target = scale_picture(picture, config.scale, config.size)
    return Recorder(output, _trainer(target, config, device, weights, ranks), plain_text(image.name))


def resume(
    output: Path, changes: dict[str, Any], *, device: str, weights: Path | None = None, ranks: Ranks = ALONE
) -> Recorder:
    """The run in a folder, as it was last saved; changes: of its configuration.

    The saved state counts, which is written last: where other files are from a later save, which was interrupted,
    the log is cut to the state's step, and training makes the rest again.
    Raises UserError where the folder is no run, or damaged, or trained to its end already.
    """
    if "steps" in changes:
        changes = {"minutes": None, **changes}  # the clock no longer counts
    picture = load_run(output).provenance.get("picture", TARGET)
    try:
        config = Config.of(json.loads((output / CONFIG).read_bytes()) | changes)
        log, state = (output / LOG).read_text(), load((output / STATE).read_bytes())
        log = _cut(log, int(state["step"]))
    except OSError as error:
        raise UserError(f"{output} cannot be resumed: {error.filename}: {error.strerror}") from None
    except (ValueError, TypeError, AttributeError, KeyError, SafetensorError) as error:
        raise UserError(f"{output} cannot be resumed, it is damaged ({error}): train again") from None
    trainer = _trainer(load_picture(output / TARGET), config, device, weights, ranks)
    restore(trainer, state)
    if trainer.part >= 1:
        raise UserError(f"{output} is trained to its end: to train it further, ask for more --steps or --minutes")
    if ranks.index == 0:
        sweep(output)
    return Recorder(output, trainer, picture, log)


def _cut(log: str, step: int) -> str:
    return "".join(line for line in log.splitlines(keepends=True) if json.loads(line)["step"] <= step)


def _trainer(picture: NDArray[np.uint8], config: Config, device: str, weights: Path | None, ranks: Ranks) -> Trainer:
    target: Tensor = torch.tensor(picture, device=pick_device(device)).permute(2, 0, 1)[None] / 255
    return Trainer(config, make_features(config, target, weights), target, ranks)
