"""Sessions of a page: a run with everything that was done to it, done again in torch to the same bits."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nca.errors import UserError
from nca.export.bundle import Bundle, shown
from nca.mask import UINT32, hash_cells, mix
from nca.painted import SLOWEST, TURNS, Paint, check_shared, paint, painted_rollout
from nca.rollout import restore, seed_state
from nca.rule import Rule

__all__ = ["Event", "Session", "load_session", "noise", "replay"]

FORMAT = "nca-session-1"
LARGEST = 4096  # cells across or down
MOST_RULES = 16
RANGES = {"width": (1, LARGEST), "height": (1, LARGEST), "seed": (0, (1 << 32) - 1), "steps": (0, 10**8)}
PLACE = {"x": 2 * LARGEST, "y": 2 * LARGEST, "r": 2 * LARGEST}
KINDS = {  # and the largest of its numbers
    "erase": PLACE,
    "restore": PLACE,
    "noise": PLACE,
    "own": PLACE | {"rule": MOST_RULES - 1},
    "slow": PLACE | {"halvings": SLOWEST},
    "keep": {},
    "turn": {"turn": TURNS - 1},
}


@dataclass(frozen=True)
class Event:
    """Something done before the step of this number.

    "erase", "restore" and "noise" draw a disc (column, row, radius): zeros, what "keep" remembered, `noise`.
    "own" and "slow" paint one that frays, with a rule's index or a number of halvings. "turn" turns all cells.
    """

    step: int
    kind: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Session:
    """A run on a torus of width x height cells: its rules, its seed, what was done in order, how many steps it took."""

    rules: tuple[Rule, ...]
    width: int
    height: int
    seed: int
    steps: int
    events: tuple[Event, ...]


def load_session(path: Path) -> Session:
    """Read a session's file. Raises UserError that names the file and what is wrong with it."""
    try:
        return _parse(json.loads(path.read_bytes()))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not JSON, expected a session that a page has saved") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def replay(session: Session, device: torch.device | str = "cpu") -> Tensor:
    """The state at the session's end: (C, height, width) float32, integers in [-2047, 2047]."""
    run = _Replay(session, device)
    for event in session.events:
        run.reach(event.step)
        run.happen(event.kind, *event.numbers)
    run.reach(session.steps)
    return run.state


class _Replay:
    def __init__(self, session: Session, device: torch.device | str) -> None:
        size = session.height, session.width
        self.rules, self.seed, self.done = session.rules, session.seed, 0
        self.state = self.kept = seed_state(self.rules[0], *size, device)
        self.noise = noise(self.rules[0].channels, *size, device)
        self.paint = Paint.none(*size, device)

    def reach(self, step: int) -> None:
        steps = step - self.done
        self.state = painted_rollout(self.rules, self.state, self.paint, steps, seed=self.seed, first=self.done)
        self.done = step

    def happen(self, kind: str, *numbers: int) -> None:
        if kind == "keep":
            self.kept = self.state
        elif kind == "turn":
            self.paint = replace(self.paint, turn=numbers[0])
        elif kind == "own":
            self.paint = replace(self.paint, owners=paint(self.paint.owners, *numbers))
        elif kind == "slow":
            self.paint = replace(self.paint, slowness=paint(self.paint.slowness, *numbers))
        else:
            drawn = {"erase": torch.zeros_like(self.state), "restore": self.kept, "noise": self.noise}[kind]
            self.state = restore(self.state, drawn, *numbers)


def noise(channels: int, height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """What the noise brush draws: (channels, height, width) in [-1024, 1023], a hash of cell and channel."""
    c, y, x = (torch.arange(size, device=device) for size in (channels, height, width))
    return ((mix(hash_cells(x, y) + c[:, None, None] & UINT32) >> 21) - 1024).float()


def _parse(fields: Any) -> Session:
    found = fields.get("format") if isinstance(fields, dict) else fields
    if found != FORMAT:
        raise UserError(f"format is {shown(found)}, expected {FORMAT!r}")
    width, height, seed, steps = (_whole(name, fields.get(name), *limits) for name, limits in RANGES.items())
    bundles, events = fields.get("bundles"), fields.get("events")
    if not isinstance(bundles, list) or not 1 <= len(bundles) <= MOST_RULES or not isinstance(events, list):
        raise UserError(f"expected 1 to {MOST_RULES} bundles and a list of events in it")
    rules = tuple(Bundle.from_json(json.dumps(bundle)).rule for bundle in bundles)
    check_shared(rules)
    return Session(rules, width, height, seed, steps, tuple(_events(events, steps, len(rules))))


def _events(events: list[Any], steps: int, rules: int) -> Iterator[Event]:
    """Each event, checked. Steps never fall."""
    least = 0
    for event in events:
        if not isinstance(event, list) or len(event) < 2 or not isinstance(event[1], str) or event[1] not in KINDS:
            raise UserError(f"event {shown(event)}: expected a step, then one of {', '.join(KINDS)}, then its numbers")
        limits = KINDS[event[1]] | ({"rule": rules - 1} if event[1] == "own" else {})
        if len(event) != 2 + len(limits):
            raise UserError(f"event {shown(event)}: expected {', '.join(limits) or 'no numbers'} after {event[1]}")
        least = _whole("step", event[0], least, steps)
        numbers = tuple(_whole(name, value, 0, limits[name]) for name, value in zip(limits, event[2:], strict=True))
        yield Event(least, event[1], numbers)


def _whole(name: str, value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise UserError(f"{name} is {shown(value)}, expected a whole number from {least} to {most}")
    return value
