"""Sessions of a page: a run with every stroke, done again in torch to the same bits."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nca.errors import UserError
from nca.export.bundle import Bundle, shown
from nca.mask import mix
from nca.rollout import restore, rollout, seed_state
from nca.rule import Rule

__all__ = ["Session", "Stroke", "load_session", "noise", "replay"]

FORMAT = "nca-session-1"
BRUSHES = ("erase", "restore", "keep", "noise")
LARGEST = 4096  # cells across or down
RANGES = {"width": (1, LARGEST), "height": (1, LARGEST), "seed": (0, (1 << 32) - 1), "steps": (0, 1 << 32)}


@dataclass(frozen=True)
class Stroke:
    """A disc of radius r around column x, row y, drawn before the step of this number.

    brush: "erase" zeroes it, "restore" puts kept cells back, "keep" remembers them, "noise" draws `noise`.
    """

    step: int
    brush: str
    x: int
    y: int
    r: int


@dataclass(frozen=True, eq=False)
class Session:
    """A run on a torus of width x height cells: its rule, its seed, its strokes in order, how many steps it took."""

    rule: Rule
    width: int
    height: int
    seed: int
    steps: int
    events: tuple[Stroke, ...]


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
    rule, done = session.rule, 0
    state = kept = seed_state(rule, session.height, session.width, device)
    random = noise(rule.channels, session.height, session.width, device)
    for event in session.events:
        state, done = rollout(rule, state, event.step - done, seed=session.seed, first=done), event.step
        if event.brush == "keep":
            kept = restore(kept, state, event.x, event.y, event.r)
        else:
            source = {"erase": torch.zeros_like(state), "restore": kept, "noise": random}[event.brush]
            state = restore(state, source, event.x, event.y, event.r)
    return rollout(rule, state, session.steps - done, seed=session.seed, first=done)


def noise(channels: int, height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """What the noise brush draws: (channels, height, width) integers in [-1024, 1023], a hash of cell and channel."""
    c, y, x = (torch.arange(size, device=device) for size in (channels, height, width))
    lines = mix(mix(x) + y[:, None] & 0xFFFFFFFF)  # (height, width)
    return ((mix(lines + c[:, None, None] & 0xFFFFFFFF) >> 21) - 1024).float()


def _parse(fields: Any) -> Session:
    found = fields.get("format") if isinstance(fields, dict) else fields
    if found != FORMAT:
        raise UserError(f"format is {shown(found)}, expected {FORMAT!r}")
    width, height, seed, steps = (_whole(fields, name, *limits) for name, limits in RANGES.items())
    bundles, events = fields.get("bundles"), fields.get("events")
    if not isinstance(bundles, list) or len(bundles) != 1 or not isinstance(events, list):
        raise UserError("expected one bundle and a list of events in it")
    rule = Bundle.from_json(json.dumps(bundles[0])).rule
    return Session(rule, width, height, seed, steps, tuple(_strokes(events, steps)))


def _strokes(events: list[Any], steps: int) -> Iterator[Stroke]:
    """Each event, checked. Steps never fall."""
    least = 0
    for event in events:
        fields = dict(zip(("step", "brush", "x", "y", "r"), event, strict=False)) if isinstance(event, list) else {}
        if fields.get("brush") not in BRUSHES:
            raise UserError(f"event {shown(event)}: expected a step, one of {', '.join(BRUSHES)}, its numbers")
        least = _whole(fields, "step", least, steps)
        everywhere = {"x": 0, "y": 0, "r": 2 * LARGEST} if fields["brush"] == "keep" else {}
        x, y, r = (_whole(fields | everywhere, name, 0, 2 * LARGEST) for name in ("x", "y", "r"))
        yield Stroke(least, fields["brush"], x, y, r)


def _whole(fields: dict[str, Any], name: str, least: int, most: int) -> int:
    value = fields.get(name)
    if type(value) is not int or not least <= value <= most:
        raise UserError(f"{name} is {shown(value)}, expected a whole number from {least} to {most}")
    return value
