"""Compares an exported page in a browser with torch: every channel of every cell, every byte shown."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from nca.errors import UserError
from nca.export.bundle import Bundle
from nca.export.html import render_page
from nca.export.live import InBrowser, InTorch, Live
from nca.export.source import is_page, load_sources, split_address
from nca.rule import Rule

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["STEPS", "Check", "Difference", "Report", "compare", "page_of", "target", "verify"]

STEPS = (1, 2, 10, 100, 1000)
_Op = tuple[Any, ...]  # the name of a method of Run, then its arguments


@dataclass(frozen=True)
class Check:
    """One comparison of the whole state and picture: how many values, how many of them differ."""

    name: str  # "step 100", "erased", "restored", "regrown", "reset"
    values: int
    differing: int


@dataclass(frozen=True)
class Difference:
    """The first value that differs: in the first such step, the first cell in reading order."""

    step: int
    x: int
    y: int
    what: str  # "channel 3", "green byte"
    expected: int  # torch's
    found: int  # the browser's

    def __str__(self) -> str:
        """One line for people."""
        where = f"step {self.step}, cell x={self.x} y={self.y}, {self.what}"
        return f"{where}: torch has {self.expected}, the browser {self.found}"


@dataclass(frozen=True)
class Report:
    """What a verification found.

    renderer: what drew, as the browser names it.
    first: the first differing value; None where there is none, or where a replay did not show it again.
    """

    renderer: str
    checks: tuple[Check, ...]
    first: Difference | None

    @property
    def values(self) -> int:
        """How many values were compared."""
        return sum(check.values for check in self.checks)

    @property
    def differing(self) -> int:
        """How many of them differ."""
        return sum(check.differing for check in self.checks)


def verify(
    browser: "Browser",
    page: Path,
    rule: Rule,
    *,
    steps: Sequence[int] = STEPS,
    width: int = 64,
    height: int = 64,
    seed: int = 0,
    address: str = "",
    progress: Callable[[Check], None] = lambda check: None,
) -> Report:
    """Compare a page with its rule in torch after each number of steps, then after a brush stroke and a reset.

    browser: one from `nca.export.browser.launch`.
    steps: counted from the reset, at least one.
    address: of the texture among the page's, else its first.
    progress: called after each comparison.

    Raises UserError where the page does not start or does not last.
    """
    from playwright.sync_api import Error

    tab = browser.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    try:
        found = InBrowser(tab, page, width, height, seed, errors, address)
        return compare(found, InTorch(rule, width, height, seed), steps, progress)
    except Error as error:
        raise UserError(f"{page}: the browser gave up: {str(error).splitlines()[0]}") from error
    finally:
        tab.close()


def compare(
    found: InBrowser,
    expected: InTorch,
    steps: Sequence[int] = STEPS,
    progress: Callable[[Check], None] = lambda check: None,
) -> Report:
    """What `verify` does, with a page that is open already, in any browser."""
    checks: list[Check] = []
    past: list[_Op] = []
    first = None
    for name, ops in _moves(sorted(set(steps)), *expected.size).items():
        _do(ops, found, expected)
        checks.append(Check(name, *_count(found, expected)))
        progress(checks[-1])
        if checks[-1].differing and not first:
            first = _first_difference(found, expected, past, ops)
        past += ops
    return Report(found.renderer, tuple(checks), first)


@contextmanager
def target(path: Path) -> Iterator[tuple[Path, dict[str, Rule]]]:
    """The page to open and the rules to hold it against, by their addresses, for whatever names textures.

    A bundle is shown in a temporary page, with the shaders that it carries.
    Raises UserError where the path is none of these.
    """
    bundles = load_sources(path)
    rules = {address: bundle.rule for address, bundle in bundles.items()}
    page, _ = split_address(path)
    if is_page(page):
        yield page, rules
        return
    with page_of(*bundles.values()) as made:
        yield made, rules


@contextmanager
def page_of(*bundles: Bundle) -> Iterator[Path]:
    """A temporary page that shows them."""
    with TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(render_page(*bundles), encoding="utf-8")
        yield page


def _moves(steps: list[int], height: int, width: int) -> dict[str, list[_Op]]:
    """What both runs do before each comparison, by its name.

    After the steps asked for: a hole across the torus's edges, half of it put back, regrown; then the beginning again.
    """
    moves: dict[str, list[_Op]] = {
        f"step {step}": [("step", step - before)] for before, step in zip([0, *steps], steps, strict=False)
    }
    bottom, radius = height - 1, min(width, height) // 3
    return moves | {
        "erased": [("keep",), ("erase", 0, bottom, radius)],
        "restored": [("step", 1), ("restore", radius, bottom, radius)],
        "regrown": [("step", 10)],
        "reset": [("reset",), ("step", steps[0])],
    }


def _do(ops: list[_Op], *runs: Live) -> None:
    for run in runs:
        for method, *arguments in ops:
            getattr(run, method)(*arguments)


def _count(found: Live, expected: Live) -> tuple[int, int]:
    pairs = (found.read(), expected.read()), (found.pixels(), expected.pixels())
    return sum(a.size for a, _ in pairs), sum(int((a != b).sum()) for a, b in pairs)


def _first_difference(found: InBrowser, expected: InTorch, past: list[_Op], ops: list[_Op]) -> Difference | None:
    """Replays what went well, then what did not, one step at a time; to the end, so that the next move can follow."""
    _do([("reset",), *past], found, expected)
    first = None
    for op in ops:
        for single in _singly(op):
            _do([single], found, expected)
            first = first or _difference(found, expected)
    return first


def _singly(op: _Op) -> list[_Op]:
    return [("step", 1)] * op[1] if op[0] == "step" else [op]


def _difference(found: InBrowser, expected: InTorch) -> Difference | None:
    states = found.read().transpose(1, 2, 0), expected.read().transpose(1, 2, 0)
    pictures = found.pixels(), expected.pixels()
    channels = [f"channel {channel}" for channel in range(states[0].shape[2])]
    for (a, b), names in ((states, channels), (pictures, ["red byte", "green byte", "blue byte"])):
        for y, x, channel in np.argwhere(a != b):
            values = int(b[y, x, channel]), int(a[y, x, channel])
            return Difference(expected.done, int(x), int(y), names[channel], *values)
    return None
