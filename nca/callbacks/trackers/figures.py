"""Final figures, and those that are added to a run after its training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nca.callbacks.trackers.apart import close, start
from nca.callbacks.trackers.registry import check_trackers
from nca.callbacks.trackers.run import known_run
from nca.callbacks.trackers.tracker import Figures
from nca.errors import UserError

__all__ = ["add_figures", "check_tracked", "flat"]


def check_tracked(names: Sequence[str], folder: Path | None) -> None:
    """Raise UserError if a tracker cannot be used, or the trackers have no run of this folder."""
    check_trackers(names)
    if names and not (folder and known_run(folder)):
        raise UserError(f"{folder or 'this texture'} is in no tracker: expected a run folder of nca train --log-to")


def add_figures(names: Sequence[str], folder: Path | None, figures: Mapping[str, Any], step: int) -> None:
    """Add figures to the run that trackers have of a folder."""
    if names and folder and (run := known_run(folder)):
        trackers = start(names, run)
        for each in trackers:
            each.send("figures", flat(figures), step)
        close(trackers)


def flat(values: Mapping[str, Any], prefix: str = "") -> Figures:
    """Nested figures as names such as life/style/200. A truth is 1 or 0; what is missing is left out."""
    found: dict[str, float | str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}/")
        elif value is not None:
            found[f"{prefix}{name}"] = value if isinstance(value, str) else float(value)
    return found
