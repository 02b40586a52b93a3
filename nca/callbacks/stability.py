"""The check at the end of training: is the texture stable?"""

import json
from pathlib import Path

import torch

from nca.evaluation.stability import AGES, SMALL_WINDOW, Comparison, Stability, measure_stability
from nca.files import write_file
from nca.picture import load_picture
from nca.run import STABILITY, TARGET, load_run
from nca.training.callback import Callback, Interrupted
from nca.training.trainer import Trainer

__all__ = ["CheckStability", "record_stability"]

SIZE = 64  # cells across and down


class CheckStability(Callback):
    """At the end of a training, measures whether the texture of a run folder is stable, and writes its life.json.

    found: the result; None before the end, if training was interrupted, and in all processes but the first.
    """

    order = -5

    def __init__(self) -> None:
        self.found: Stability | None = None

    def after_fit(self, trainer: Trainer) -> None:
        """The check takes some seconds."""
        if trainer.folder and trainer.ranks.index == 0 and not isinstance(trainer.stopped, Interrupted):
            self.found = record_stability(trainer.folder, seed=trainer.config.seed, device=trainer.device)


def record_stability(folder: Path, *, seed: int, device: torch.device) -> Stability:
    """Measure the texture of a run folder against the folder's picture, and write the result to its life.json."""
    run = load_run(folder)
    detail = run.decoder.detail if run.decoder else 1
    comparison = Comparison(load_picture(folder / TARGET), SMALL_WINDOW, decoder=run.decoder, detail=detail)
    stability, _ = measure_stability(run.rule, comparison, SIZE, AGES, seed=seed, device=device)
    write_file(folder / STABILITY, json.dumps(stability.fields(), indent=2).encode() + b"\n")
    return stability
