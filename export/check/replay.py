"""Replaying a page's session in torch: a run with all its events, equal to the page bit for bit.

viewer/session/check.js checks a session with the same bounds.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nca.errors import UserError
from nca.export.bundle import Bundle
from nca.export.fields import shown
from nca.jsontext import DEEPEST, fault, parse_strict
from nca.reading import read_file
from nca.rule.decode import painted_decode
from nca.rule.decoder import Decoder
from nca.rule.noise import noise
from nca.rule.painted import SLOWEST, TURNS, Paint, check_shared, paint, painted_rollout
from nca.rule.reference import restore, seed_state
from nca.rule.rule import Rule

__all__ = ["Event", "Session", "load_session", "picture", "replay"]

FORMAT = "nca-session-1"
ABOVE = 2  # levels of a session above its bundles
LARGEST = 4096  # cells across or down
MOST_RULES = 16
RANGES = {"width": (1, LARGEST), "height": (1, LARGEST), "seed": (0, (1 << 32) - 1), "steps": (0, 10**8)}
PLACE = {"x": 2 * LARGEST, "y": 2 * LARGEST, "r": 2 * LARGEST}
KINDS = {  # each kind of event, with the largest value of each of its numbers
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
    """An event that happened before the step of this number.

    "erase", "restore" and "noise" fill a disc (column, row, radius) with zeros, the state that "keep" kept, or `noise`.
    "own" and "slow" paint a disc with ragged borders: a rule's index, or a number of halvings of the update
    rate. "turn" rotates the perception of all cells.
    """

    step: int
    kind: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Session:
    """A run on a torus of width x height cells: its rules, seed, events in order, and number of steps.

    decoders: of the rules, in their order; None paints a cell as a square.
    """

    rules: tuple[Rule, ...]
    width: int
    height: int
    seed: int
    steps: int
    events: tuple[Event, ...]
    decoders: tuple[Decoder | None, ...]

    @property
    def detail(self) -> int:
        """The largest detail for which one of its decoders was trained; 1 without any."""
        return max(decoder.detail if decoder else 1 for decoder in self.decoders)


def load_session(path: Path) -> Session:
    """Read the file of a session. Raises UserError that names the file and its fault."""
    try:
        return _parse(parse_strict(read_file(path), DEEPEST + ABOVE))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{path}: {fault(error)}, expected a session that a page has saved") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def replay(session: Session, device: torch.device | str = "cpu") -> Tensor:
    """The state at the end of a session: (C, height, width) float32, integers in [-2047, 2047]."""
    return _replayed(session, device).state


def picture(session: Session, detail: int, device: torch.device | str = "cpu") -> NDArray[np.uint8]:
    """The picture at the end of a session: (height * detail, width * detail, 3). detail: 1, 2, 4 or 8."""
    run = _replayed(session, device)
    return painted_decode(session.decoders, run.state, run.paint.owners, detail)


def _replayed(session: Session, device: torch.device | str) -> "_Replay":
    run = _Replay(session, device)
    for event in session.events:
        run.reach(event.step)
        run.happen(event.kind, *event.numbers)
    run.reach(session.steps)
    return run


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


def _parse(fields: Any) -> Session:
    found = fields.get("format") if isinstance(fields, dict) else fields
    if found != FORMAT:
        raise UserError(f"format is {shown(found)}, expected {FORMAT!r}")
    width, height, seed, steps = (_whole(name, fields.get(name), *limits) for name, limits in RANGES.items())
    bundles, events = fields.get("bundles"), fields.get("events")
    if not isinstance(bundles, list) or not 1 <= len(bundles) <= MOST_RULES or not isinstance(events, list):
        raise UserError(f"expected 1 to {MOST_RULES} bundles and a list of events in it")
    textures = [Bundle.from_json(json.dumps(bundle)) for bundle in bundles]
    rules, decoders = tuple(each.rule for each in textures), tuple(each.decoder for each in textures)
    check_shared(rules)
    return Session(rules, width, height, seed, steps, tuple(_events(events, steps, len(rules))), decoders)


def _events(events: list[Any], steps: int, rules: int) -> Iterator[Event]:
    """Check and yield each event. Their steps never decrease."""
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
    number = int(value) if isinstance(value, float) and value.is_integer() else value  # JavaScript writes 7.0 as 7
    if type(number) is not int or not least <= number <= most:
        raise UserError(f"{name} is {shown(value)}, expected a whole number from {least} to {most}")
    return number
