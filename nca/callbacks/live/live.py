"""Watch the texture while it is trained, and touch it: on a page of this machine, or in a notebook's cell."""

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nca.callbacks.live.screen import Now, Screen
from nca.callbacks.progress import figures
from nca.errors import UsageError
from nca.export.bundle import Bundle
from nca.picture import picture_bytes
from nca.training.callback import Callback, Interrupted

if TYPE_CHECKING:
    from nca.training.trainer import Trainer

__all__ = ["Live"]

EVERY = 1.0  # seconds between two moments
LAST_PORT = 65_535


class Live(Callback, AbstractContextManager["Live"]):
    """Shows the texture as it is trained, alive: each second the running field gets the newest weights.

    In a notebook it appears below the cell, as a widget (`nca-texture[notebook]`). Elsewhere it is a page that this
    machine alone can open (`nca-texture[live]`). The page's address is written to stderr, and ends with the training.

    port: of the page, 1 to 65535; by default 8642, or any free one where that is taken.
    open: the page in the browser, or only serve it.

    If several processes train together, only the first one shows it. Raises UserError if the extra is not installed, or
    if a port that you choose is taken.

    >>> tiny = {"preset": "tiny", "size": 16, "field": 16}
    >>> live = nca.Live(open=False)
    >>> texture = nca.train("examples/lava.png", "runs/live", steps=2, **tiny, callbacks=[live])
    """

    order = -8  # behind the progress, and before the check of stability, which takes some seconds

    now: Now  # the last moment that was noted

    def __init__(self, *, port: int | None = None, open: bool = True) -> None:  # noqa: A002 - as in nca.view
        if port is not None and not 0 < port <= LAST_PORT:
            raise UsageError(f"port {port}: expected 1 to {LAST_PORT}")
        self.make = _cell() if _in_notebook() else _page(port, open)
        self.screen: Screen | None = None

    def before_fit(self, trainer: "Trainer") -> None:
        """Show the texture as it is."""
        if trainer.ranks.index == 0:
            self.began = trainer.progress, trainer.seconds
            self._note(trainer, "Training begins.")
            self.screen = self.make(self.now, _picture(trainer))

    def after_batch(self, trainer: "Trainer") -> None:
        """Show the new weights, a second after the last ones, if somebody looks."""
        if self.screen and self.screen.watched and time.monotonic() - self.noted >= EVERY:
            self._note(trainer, figures(trainer.result, self.began).strip())
            self.screen.show(self.now)

    def after_fit(self, trainer: "Trainer") -> None:
        """Show the last weights, and that nothing comes after them."""
        if self.screen:
            what = "stopped" if isinstance(trainer.stopped, Interrupted) else "has ended"
            self._note(trainer, f"Training {what} at step {trainer.step}. The texture lives on.")
            self._end()

    def __exit__(self, *_: object) -> None:
        if self.screen:
            self.now = replace(self.now, line="Training failed. The texture lives on.")
            self._end()

    def _note(self, trainer: "Trainer", line: str) -> None:
        bundle = Bundle(_name(trainer), trainer.automaton.rule(), decoder=trainer.decoder())
        self.now = Now(bundle, line, trainer.progress)
        self.noted = time.monotonic()

    def _end(self) -> None:
        if self.screen:
            self.screen.show(replace(self.now, ended=True))
            self.screen = None


def _in_notebook() -> bool:
    """Whether a kernel runs this; the IPython of a terminal has none."""
    python = sys.modules.get("IPython")
    return python is not None and hasattr(python.get_ipython(), "kernel")


def _cell() -> Callable[[Now, bytes], Screen]:
    from nca.callbacks.live.cell import Cell

    return Cell


def _page(port: int | None, open_it: bool) -> Callable[[Now, bytes], Screen]:
    """A missing extra is told now, before training has begun."""
    from nca.callbacks.live.page import Page

    return partial(Page, port=port, open_it=open_it)


def _name(trainer: "Trainer") -> str:
    return (trainer.folder or Path(trainer.picture)).stem or "Texture"


def _picture(trainer: "Trainer") -> bytes:
    """The target as a PNG."""
    return picture_bytes((trainer.target[0].permute(1, 2, 0) * 255).round().byte().cpu().numpy())
