"""The trackers by name. To add one: a file in this folder, and a line here."""

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec

from nca.callbacks.trackers.tracker import Tracker
from nca.errors import UsageError, UserError
from nca.named import find_named, kind_of

__all__ = ["TRACKERS", "check_trackers", "make_tracker"]

TRACKERS = {"trackio": "Trackio", "wandb": "Wandb", "tensorboard": "Tensorboard"}  # a file and a package each; a class


def check_trackers(names: Iterable[str]) -> None:
    """Raise UsageError for an unknown name, and UserError if its package is not installed. It is not imported."""
    for name in names:
        if ":" in name:
            continue
        if name not in TRACKERS:
            raise UsageError(f"{name!r}: expected {', '.join(TRACKERS)}, FILE.py:NAME or MODULE:NAME", "log-to")
        found = find_spec(name)
        if not found or not found.origin:  # without an origin it is a folder of that name, as wandb makes one
            raise UserError(f'{name} is not installed: pip install "nca-texture[{name}]"')


def make_tracker(name: str) -> Tracker:
    """The tracker of a name, or of FILE.py:NAME or MODULE:NAME of a user's.

    Raises UserError if a user's is not found or is none, and whatever its module raises.
    """
    if ":" not in name:
        return getattr(import_module(f"nca.callbacks.trackers.{name}"), TRACKERS[name])()  # type: ignore[no-any-return]
    made = find_named(name, "tracker")()
    if not isinstance(made, Tracker):
        raise UserError(f"{name} gives {kind_of(made)}: expected an nca.Tracker")
    return made
