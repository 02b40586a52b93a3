"""Keeping a training run on disk while it goes on: log, previews, weights and what resuming needs."""

import json
import time
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save

from nca import __version__
from nca.checkpoint import capture
from nca.files import make_folder, write_file, write_folder
from nca.own_features import without_folder
from nca.picture import picture_bytes
from nca.rule import STATE_UNIT
from nca.run import CONFIG, LOG, MODEL, STATE, TARGET, model_bytes
from nca.train import Progress, Trainer

__all__ = ["Recorder"]

SAVE_EVERY = 30.0  # seconds
LOG_EVERY = 10  # optimisation steps
PREVIEWS = 4  # states side by side


class Recorder:
    """Called with each step's progress; saves now and then, whole files or nothing.

    picture: the picture's file name. log: what an earlier part of the run has logged.
    The folder appears with the first save, and only then replaces an older one of its name. Of several processes
    that train together only the first writes.
    """

    def __init__(self, folder: Path, trainer: Trainer, picture: str, log: str | None = None) -> None:
        self.folder = folder
        self.trainer = trainer
        self.picture = picture
        self.log = log or ""
        self.exists = log is not None
        self.saved = time.monotonic()
        self.last: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        """Note a step."""
        self.last = progress
        if progress.step % LOG_EVERY == 0 or progress.part == 1:
            self.log += json.dumps(asdict(progress)) + "\n"
        if time.monotonic() - self.saved > SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Bring the folder up to date: the state last, so that all else is as new as what resuming goes on from."""
        if self.trainer.ranks.index > 0:
            return
        if self.exists:
            make_folder(self.folder / "previews")
            for name, content in self._files().items():
                write_file(self.folder / name, content)
        else:
            write_folder(self.folder, self._files())
            self.exists = True
        self.saved = time.monotonic()

    def _files(self) -> dict[str, bytes]:
        return {
            CONFIG: json.dumps(asdict(self.trainer.config), indent=2).encode() + b"\n",
            TARGET: _png(self.trainer.target[0].permute(1, 2, 0)),
            f"previews/{self.trainer.step:06}.png": _png(self._preview()),
            LOG: self.log.encode(),
            MODEL: model_bytes(self.trainer.automaton.rule(), self._provenance()),
            STATE: save(capture(self.trainer)),
        }

    def _preview(self) -> torch.Tensor:
        return torch.cat([*self.trainer.pool.integers[:PREVIEWS]], dim=1)[..., :3] * STATE_UNIT + 0.5

    def _provenance(self) -> dict[str, object]:
        config = self.trainer.config
        return {
            "picture": self.picture,
            "config": asdict(config) | {"features": without_folder(config.features)},
            "trained": asdict(self.last) if self.last else {},
            "versions": {"nca-texture": __version__, "torch": torch.__version__},
        }


def _png(picture: torch.Tensor) -> bytes:
    """(height, width, 3) in about [0, 1]."""
    return picture_bytes((picture.clamp(0, 1) * 255).round().byte().cpu().numpy())
