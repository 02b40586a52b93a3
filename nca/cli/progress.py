"""How training shows itself: a bar on a terminal, a plain line now and then elsewhere."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from nca.train import Progress, Trainer

__all__ = ["show_progress"]

LINE_EVERY = 15.0  # seconds
BAR = 30  # characters


def show_progress(trainer: "Trainer") -> Iterator["Progress"]:
    """Train, showing each step; Ctrl-C ends after the step at hand, so that what is saved is whole.

    Of several processes the first shows, and all end after the same step.
    """
    ranks = trainer.ranks
    silent, terminal = ranks.index > 0, sys.stderr.isatty()
    began, shown = (trainer.part, trainer.seconds), trainer.seconds
    with _interrupt(again=ranks.count == 1) as interrupted:
        for progress in trainer:
            yield progress
            if terminal and not silent:
                click.echo("\r" + _bar(progress.part) + _line(progress, began), err=True, nl=False)
            elif not silent and (progress.seconds - shown > LINE_EVERY or progress.part == 1):
                click.echo(_line(progress, began), err=True)
                shown = progress.seconds
            if ranks.agree(len(interrupted), trainer.device):
                break
    if terminal and not silent:
        click.echo(err=True)


def _bar(part: float) -> str:
    return "\u2588" * int(part * BAR) + "\u2591" * (BAR - int(part * BAR)) + " "


def _line(progress: "Progress", began: tuple[float, float]) -> str:
    """began: the part of training and the seconds from which this session went on; its pace tells the time left."""
    part, seconds = began
    left = (progress.seconds - seconds) * (1 - progress.part) / (progress.part - part)
    return f"{progress.part:4.0%}  step {progress.step}  style {progress.style:.4f}  {_clock(left)} left "


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02}"


@contextmanager
def _interrupt(*, again: bool) -> Iterator[list[int]]:
    """A list that Ctrl-C fills. again: a second one interrupts at once; not under torchrun, which always sends two."""
    received: list[int] = []

    def note(number: int, _: Any) -> None:
        received.append(number)
        signal.signal(signal.SIGINT, after)

    before = signal.getsignal(signal.SIGINT)
    after = before if again else signal.SIG_IGN
    signal.signal(signal.SIGINT, note)
    try:
        yield received
    finally:
        signal.signal(signal.SIGINT, after)
