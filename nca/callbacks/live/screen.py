"""A place that shows a texture while it is trained."""

from dataclasses import dataclass
from typing import Protocol

from nca.export.bundle import Bundle

__all__ = ["Now", "Screen"]


@dataclass(frozen=True, eq=False)
class Now:
    """A moment of a training.

    line: its figures, for people. progress: the fraction that is done, in [0, 1]. ended: whether it is the last moment.
    """

    bundle: Bundle
    line: str
    progress: float
    ended: bool = False


class Screen(Protocol):
    """Shows the moments of one training."""

    @property
    def watched(self) -> bool:
        """Whether somebody looks."""

    def show(self, now: Now) -> None:
        """Show a moment. The last one ends what the screen needed."""
