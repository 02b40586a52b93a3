"""The progress of training: a bar on a terminal, a plain line from time to time elsewhere."""

import errno
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nca.training.callback import Callback, Interrupted

if TYPE_CHECKING:
    from nca.training.trainer import Result, Trainer

__all__ = ["Progress", "figures", "show_part", "write_line"]

LINE_EVERY = 15.0  # seconds
BAR = 30  # characters
GONE = (errno.EPIPE, errno.EIO)  # of writing to a pipe that nobody reads, and to a terminal that has closed


class Progress(Callback):
    """Shows how far training is, its style loss and the time left, on stderr.

    If nobody is there any more to see it, training saves and stops. If several processes train together, only the
    first one shows it.

    >>> tiny = {"preset": "tiny", "size": 16, "field": 16}
    >>> texture = nca.train("examples/lava.png", "runs/lava", steps=2, **tiny, callbacks=[nca.Progress()])
    """

    order = -10

    def before_fit(self, trainer: "Trainer") -> None:
        """Begin: the pace from here on gives the time left."""
        self.began = trainer.progress, trainer.seconds
        self.terminal = sys.stderr.isatty()
        self.shown = trainer.seconds  # seconds of training at the last plain line

    def after_batch(self, trainer: "Trainer") -> None:
        """A step further."""
        if trainer.ranks.index == 0:
            _write_or_stop(self._text(trainer.result))

    def after_fit(self, trainer: "Trainer") -> None:
        """End the bar's line."""
        if trainer.ranks.index == 0 and self.terminal:
            _write_or_stop("\n")

    def _text(self, result: "Result") -> str:
        line = f"{figures(result, self.began)} "
        if self.terminal:
            return f"\r{_bar(result.progress)}{line}"
        if result.seconds - self.shown > LINE_EVERY or result.progress == 1:
            self.shown = result.seconds
            return f"{line}\n"
        return ""


def _write_or_stop(text: str) -> None:
    """Any other fault of a display than that nobody sees it is not worth a training."""
    try:
        _write(text)
    except OSError as error:
        if error.errno in GONE:
            raise Interrupted from None


def _write(text: str) -> None:
    if text:
        sys.stderr.write(text)
        sys.stderr.flush()


def write_line(text: str) -> None:
    """A line on stderr."""
    _write(f"{text}\n")


@contextmanager
def show_part() -> Iterator[Callable[[float], None]]:
    """A function that shows the fraction that is done, in (0, 1]."""
    terminal = sys.stderr.isatty()
    shown = time.monotonic()

    def show(done: float) -> None:
        nonlocal shown
        if terminal:
            _write(f"\r{_bar(done)}{done:4.0%} ")
        elif time.monotonic() - shown > LINE_EVERY:
            _write(f"{done:4.0%}\n")
            shown = time.monotonic()

    yield show
    if terminal:
        _write("\n")


def _bar(done: float) -> str:
    full, empty = "\u2588\u2591" if _shows("\u2588\u2591") else "#."
    return full * int(done * BAR) + empty * (BAR - int(done * BAR)) + " "


def _shows(text: str) -> bool:
    try:
        text.encode(sys.stderr.encoding)
    except UnicodeEncodeError:
        return False
    return True


def figures(result: "Result", began: tuple[float, float]) -> str:
    """How far training is, its style loss and the time left.

    began: progress and seconds when this process started; the pace since then gives the time left.
    """
    done, seconds = began
    left = (result.seconds - seconds) * (1 - result.progress) / (result.progress - done)
    return f"{result.progress:4.0%}  step {result.step}  style {result.style:.4f}  {_clock(left)} left"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02}"
