"""Logs a training to trackers: numbers, previews, and the living texture as it is at that time."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from nca.callbacks.preview import preview
from nca.callbacks.recorder import LOG_EVERY
from nca.callbacks.stability import CheckStability
from nca.callbacks.trackers.apart import Apart, close, start
from nca.callbacks.trackers.figures import flat
from nca.callbacks.trackers.run import run_of
from nca.export.bundle import Bundle
from nca.export.formats.embed import render_embed
from nca.training.callback import Callback, Interrupted

if TYPE_CHECKING:
    from nca.training.trainer import Trainer

__all__ = ["LogTo"]

SHOWN = 12  # times that the texture is logged: a browser keeps 16 WebGL contexts, and a tracker may show all at once


class LogTo(Callback, AbstractContextManager["LogTo"]):
    """Logs a training to trackers, each in a process of its own, of which no fault or delay reaches the training.

    names: of trackers that are installed.

    The trainer needs a run folder. If several processes train together, only the first one logs. As a context, the
    trackers are closed also after an error.
    """

    order = 10  # after the callbacks of the user's, and the check of stability

    def __init__(self, *names: str) -> None:
        self.names = names
        self.trackers: list[Apart] = []

    def before_fit(self, trainer: "Trainer") -> None:
        """Start the trackers."""
        self.part, self.shown = _part(trainer), trainer.step
        if self.names and trainer.folder and trainer.ranks.index == 0:
            self.trackers = start(self.names, run_of(trainer, trainer.folder))

    def after_batch(self, trainer: "Trainer") -> None:
        """Numbers as often as the run's own log has them, and the texture some times."""
        if self.trackers and (trainer.step % LOG_EVERY == 0 or trainer.progress == 1):
            values = {name: getattr(trainer.result, name) for name in ("loss", "style", "overflow", "seconds")}
            self._send("numbers", values | {"learning_rate": trainer.optimizer.lr}, trainer.step)
        if self.trackers and _part(trainer) > self.part:
            self._show(trainer)

    def after_fit(self, trainer: "Trainer") -> None:
        """The texture as it ended, the check of stability, and the end."""
        if self.trackers and self.shown < trainer.step and not isinstance(trainer.stopped, Interrupted):
            self._show(trainer)
        for check in trainer.callbacks:
            if isinstance(check, CheckStability) and check.found:
                self._send("figures", flat({"life": check.found.fields()}), trainer.step)
        self._close()

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        """Once: a tracker that hung is not waited for again."""
        trackers, self.trackers = self.trackers, []
        close(trackers)

    def _show(self, trainer: "Trainer") -> None:
        self.part, self.shown = _part(trainer), trainer.step
        self._send("picture", preview(trainer), trainer.step)
        bundle = Bundle.of(trainer.automaton.rule(), f"step {trainer.step}", decoder=trainer.decoder())
        self._send("page", render_embed(bundle), trainer.step)

    def _send(self, place: str, value: Any, step: int) -> None:
        for each in self.trackers:
            each.send(place, value, step)


def _part(trainer: "Trainer") -> int:
    return int(trainer.progress * SHOWN)
