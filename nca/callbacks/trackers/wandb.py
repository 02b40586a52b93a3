"""Weights & Biases."""

import os
from collections.abc import Mapping
from io import BytesIO
from typing import Literal

import wandb
from PIL import Image

from nca.callbacks.trackers.tracker import Figures, TrackedRun, Tracker

__all__ = ["Wandb"]

PATIENCE = 15.0  # seconds for the server to begin a run


class Wandb(Tracker):
    """A run of the project nca, or of WANDB_PROJECT. Without a key or a server it is written offline."""

    def open(self, run: TrackedRun) -> str:
        """Begin, as WANDB_MODE says, or offline where nothing else works."""
        try:
            self.run = self._begin(run)
        except wandb.Error:
            wandb.teardown()  # its service holds the name of the run that could not begin
            self.run = self._begin(run, "offline")
        return (
            f"offline; to send it: wandb sync {self.run.settings.sync_dir}" if self.run.offline else str(self.run.url)
        )

    @staticmethod
    def _begin(run: TrackedRun, mode: Literal["offline"] | None = None) -> wandb.Run:
        return wandb.init(
            project=os.environ.get("WANDB_PROJECT", "nca"),
            id=run.id,
            name=run.name,
            config=run.configuration,
            resume="allow" if run.resumed else None,
            mode=mode,
            settings=wandb.Settings(console="off", silent=True, init_timeout=PATIENCE),
        )

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """A row. One that the run has already is left out, and would be the same."""
        self.run.log(dict(values), step=step)

    def picture(self, png: bytes, step: int) -> None:
        """A panel of media."""
        self.run.log({"preview": wandb.Image(Image.open(BytesIO(png)))}, step=step)

    def page(self, html: str, step: int) -> None:
        """A panel of media, in a frame."""
        self.run.log({"texture": wandb.Html(html, inject=False, data_is_not_path=True)}, step=step)

    def figures(self, values: Figures, step: int) -> None:
        """In the run's summary."""
        self.run.summary.update(dict(values))

    def close(self) -> None:
        """Send the rest."""
        self.run.finish()
