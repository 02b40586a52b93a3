"""Trackio: a tracker on this computer, or in a Space where TRACKIO_SPACE_ID names one."""

from collections.abc import Mapping
from io import BytesIO

import trackio
from PIL import Image

from nca.callbacks.trackers.tracker import Figures, TrackedRun, Tracker

__all__ = ["Trackio"]

PROJECT = "nca"


class Trackio(Tracker):
    """A run of the project nca."""

    def open(self, run: TrackedRun) -> str:
        """Begin, or go on. Trackio finds a run by its name, so that has to be the only one."""
        resume = "allow" if run.resumed else "never"
        self.run = trackio.init(PROJECT, run.id, config=run.configuration, resume=resume, embed=False)
        return f"trackio show --project {PROJECT}"

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """A row."""
        self.run.log(dict(values), step=step)

    def picture(self, png: bytes, step: int) -> None:
        """Under Media."""
        self.run.log({"preview": trackio.Image(Image.open(BytesIO(png)))}, step=step)

    def page(self, html: str, step: int) -> None:
        """Under Media, in a frame that may run scripts and nothing else."""
        self.run.log({"texture": trackio.Html(html, inject=False)}, step=step)

    def figures(self, values: Figures, step: int) -> None:
        """A row: Trackio has no summary."""
        self.run.log(dict(values), step=step)

    def close(self) -> None:
        """Write the rest."""
        self.run.finish()
