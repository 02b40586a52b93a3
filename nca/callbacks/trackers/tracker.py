"""The interface of a tracker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Figures", "TrackedRun", "Tracker"]

Figures = Mapping[str, float | str]


@dataclass(frozen=True)
class TrackedRun:
    """The run of a tracker.

    name: that of the run folder. id: the name and the time when the training began, so it is the only one.
    folder: the run folder, an absolute path; it does not exist before its first save.
    configuration: plain JSON values.
    resumed: whether the tracker has this run already.
    """

    name: str
    id: str
    folder: Path
    configuration: dict[str, Any] = field(default_factory=dict)
    resumed: bool = False


class Tracker:
    """Where a training is logged. A tracker of yours overrides the methods that it needs.

    It lives in a process of its own, without torch, whose output nobody sees: a method may wait for a network. An
    exception is shown as a warning, once. step: optimisation steps, from 1; it never falls within a run.

    >>> class Curve(nca.Tracker):
    ...     def numbers(self, values, step):
    ...         with open("style.txt", "a") as file:
    ...             print(step, values["style"], file=file)
    """

    def open(self, run: TrackedRun) -> str:
        """Begin, or go on with a run that was resumed. Returns where to look at it, for people."""
        return ""

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Loss, style, overflow, learning_rate and seconds, for curves."""

    def picture(self, png: bytes, step: int) -> None:
        """A preview: four states side by side."""

    def page(self, html: str, step: int) -> None:
        """The living texture: a whole HTML page of some 30 KB that needs nothing else, also in a sandboxed frame."""

    def figures(self, values: Figures, step: int) -> None:
        """Final figures, such as life/healed."""

    def close(self) -> None:
        """The end. It may wait until everything is sent, up to half a minute."""
