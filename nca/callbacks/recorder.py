"""The run folder, written while training runs: log, previews, weights, and the state for resuming."""

import json
import time
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save

from nca import __version__
from nca.callbacks.preview import png_bytes, preview
from nca.files import make_folder, write_file, write_folder
from nca.named import without_folder
from nca.run import CONFIG, LOG, MODEL, STATE, TARGET, model_bytes
from nca.training.callback import Callback
from nca.training.checkpoint import capture
from nca.training.trainer import Result, Trainer

__all__ = ["LOG_EVERY", "Recorder"]

SAVE_EVERY = 30.0  # seconds
LOG_EVERY = 10  # optimisation steps


class Recorder(Callback):
    """Saves a training every 30 seconds, and at its end.

    trainer: its `folder` is the run folder.
    log: the log so far, if the run is resumed.

    The folder is created by the first save, which also replaces an older folder of this name. Each file is written
    whole or not at all. If several processes train together, only the first one writes.
    """

    order = -20

    def __init__(self, trainer: Trainer, log: str | None = None) -> None:
        self.folder = trainer.folder or Path(trainer.picture)
        self.trainer = trainer
        self.log = log or ""
        self.exists = log is not None
        self.saved = time.monotonic()
        self.last: Result | None = None

    def after_batch(self, trainer: Trainer) -> None:
        """Log the step, and save if the last save was 30 seconds ago."""
        self.last = result = trainer.result
        if result.step % LOG_EVERY == 0 or result.progress == 1:
            self.log += json.dumps(asdict(result)) + "\n"
        if time.monotonic() - self.saved > SAVE_EVERY:
            self.save()

    def after_fit(self, _: Trainer) -> None:
        """Save."""
        self.save()

    def save(self) -> None:
        """Update the folder. The state comes last, so every other file is at least as new as the state that resumes."""
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
            **self.trainer.files,
            TARGET: png_bytes(self.trainer.target[0].permute(1, 2, 0)),
            f"previews/{self.trainer.step:06}.png": preview(self.trainer),
            LOG: self.log.encode(),
            MODEL: model_bytes(self.trainer.automaton.rule(), self._provenance(), self.trainer.decoder()),
            STATE: save(capture(self.trainer)),
        }

    def _provenance(self) -> dict[str, object]:
        config = self.trainer.config
        return {
            "picture": self.trainer.picture,
            "config": asdict(config) | {"features": without_folder(config.features)},
            "trained": asdict(self.last) if self.last else {},
            "versions": {"nca-texture": __version__, "torch": torch.__version__},
        }
