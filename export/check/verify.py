"""Compares an exported page in a browser with torch: every channel of every cell, and every visible byte.

A picture that a decoder paints is compared at each detail.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError
from nca.export.bundle import Bundle
from nca.export.check.live import InBrowser, InTorch, Live
from nca.export.formats.page import render_page
from nca.export.source import is_page, load_sources, split_address
from nca.rule.decoder import Decoder
from nca.rule.rule import Rule

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["STEPS", "TIMEOUT", "Check", "Difference", "Report", "compare", "page_of", "target", "verify"]

STEPS = (1, 2, 10, 100, 1000)
TIMEOUT = 120.0  # seconds for an answer of the browser
_COLOURS = ("red", "green", "blue")
_Move = tuple[Any, ...]  # the name of a method of Live, then its arguments
_Values = NDArray[np.int16] | NDArray[np.uint8]


@dataclass(frozen=True)
class Check:
    """One comparison of the whole state and picture: the number of values, and of those that differ."""

    name: str  # "step 100", "erased", "restored", "regrown", "reset"
    values: int
    differing: int


@dataclass(frozen=True)
class Difference:
    """The first value that differs: the first cell or pixel, in reading order, of the first such step.

    detail: of the decoded picture that has this pixel; None for a value of a cell.
    """

    step: int
    x: int
    y: int
    what: str  # "channel 3", "green byte"
    expected: int  # torch's
    found: int  # the browser's
    detail: int | None = None

    def __str__(self) -> str:
        """One line of text."""
        place = f"detail {self.detail}, pixel" if self.detail else "cell"
        where = f"step {self.step}, {place} x={self.x} y={self.y}, {self.what}"
        return f"{where}: torch has {self.expected}, the browser {self.found}"


@dataclass(frozen=True)
class Report:
    """The result of a verification.

    renderer: the browser's name for its renderer.
    first: the first value that differs; None if all are equal, or if a second run did not reproduce the difference.
    """

    renderer: str
    checks: tuple[Check, ...]
    first: Difference | None

    @property
    def values(self) -> int:
        """The number of compared values."""
        return sum(check.values for check in self.checks)

    @property
    def differing(self) -> int:
        """The number of values that differ."""
        return sum(check.differing for check in self.checks)


def verify(
    browser: "Browser",
    page: Path,
    rule: Rule,
    *,
    decoder: Decoder | None = None,
    steps: Sequence[int] = STEPS,
    width: int = 64,
    height: int = 64,
    seed: int = 0,
    address: str = "",
    timeout: float = TIMEOUT,
    progress: Callable[[Check], None] = lambda check: None,
) -> Report:
    """Compare a page with its rule in torch after each number of steps, and then after a brush stroke and a reset.

    browser: from `nca.export.check.browser.launch`.
    decoder: of the texture, if it has one.
    steps: counted from the reset, at least one.
    address: selects one of the page's textures; the first by default.
    timeout: seconds for an answer of the browser, which is asked for at most 100 steps at a time.
    progress: called after each comparison.

    Raises UserError if the page does not start, or crashes, or the browser gives no answer in time.
    """
    from playwright.sync_api import Error
    from playwright.sync_api import TimeoutError as NoAnswer

    tab = browser.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    try:
        found = InBrowser(_Patient(tab, timeout), page, width, height, seed, errors, address)
        return compare(found, InTorch(rule, width, height, seed, decoder), steps, progress)
    except NoAnswer:
        raise UserError(f"{page}: no answer from the browser within {timeout:g} s; --timeout waits longer") from None
    except Error as error:
        raise UserError(f"{page}: the browser failed: {str(error).splitlines()[0]}") from error
    finally:
        tab.close()


class _Patient:
    """A tab that waits for an answer for so many seconds only. Playwright's own `evaluate` waits for ever."""

    def __init__(self, tab: "Page", timeout: float) -> None:
        self._tab = tab
        tab.set_default_timeout(1000 * timeout)

    def goto(self, url: str) -> object:
        """Open a page, and return when it has loaded."""
        return self._tab.goto(url)

    def evaluate(self, expression: str, arg: Any = None) -> Any:
        """Call a JavaScript function with an argument; return its result, or the value of its promise."""
        answer = f"async (given) => ({{ value: await ({expression})(given) }})"
        return self._tab.wait_for_function(answer, arg=arg).json_value().get("value")


def compare(
    found: InBrowser,
    expected: InTorch,
    steps: Sequence[int] = STEPS,
    progress: Callable[[Check], None] = lambda check: None,
) -> Report:
    """Like `verify`, for a page that is open already, in any browser."""
    checks: list[Check] = []
    past: list[_Move] = []
    first = None
    for name, moves in _moves(sorted(set(steps)), *expected.size).items():
        _do(moves, found, expected)
        checks.append(Check(name, *_count(found, expected)))
        progress(checks[-1])
        if checks[-1].differing and not first:
            first = _first_difference(found, expected, past, moves)
        past += moves
    return Report(found.renderer, tuple(checks), first)


@contextmanager
def target(path: Path) -> Iterator[tuple[Path, dict[str, Bundle]]]:
    """The page of a path, and its textures by their addresses. Runs and bundles are shown in a temporary page.

    Raises UserError if the path is no page, run or bundle.
    """
    bundles = load_sources(path)
    page, _ = split_address(path)
    if is_page(page):
        yield page, bundles
        return
    with page_of(*bundles.values()) as made:
        yield made, bundles


@contextmanager
def page_of(*bundles: Bundle) -> Iterator[Path]:
    """A temporary page with these textures."""
    with TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(render_page(*bundles), encoding="utf-8")
        yield page


def _moves(steps: list[int], height: int, width: int) -> dict[str, list[_Move]]:
    """The moves before each comparison, by its name.

    After the chosen steps: erase a disc across the edges of the torus, restore half of it, let it grow, then reset.
    """
    moves: dict[str, list[_Move]] = {
        f"step {step}": [("step", step - before)] for before, step in zip([0, *steps], steps, strict=False)
    }
    bottom, radius = height - 1, min(width, height) // 3
    return moves | {
        "erased": [("keep",), ("erase", 0, bottom, radius)],
        "restored": [("step", 1), ("restore", radius, bottom, radius)],
        "regrown": [("step", 10)],
        "reset": [("reset",), ("step", steps[0])],
    }


def _do(moves: list[_Move], *runs: Live) -> None:
    for run in runs:
        for method, *arguments in moves:
            getattr(run, method)(*arguments)


def _count(found: InBrowser, expected: InTorch) -> tuple[int, int]:
    pairs = [(a, b) for _, a, b in _pairs(found, expected)]
    return sum(a.size for a, _ in pairs), sum(int((a != b).sum()) for a, b in pairs)


def _pairs(found: InBrowser, expected: InTorch) -> Iterator[tuple[int, _Values, _Values]]:
    """The two states, at detail 0, and the two pictures at each detail: (height, width, channels) each."""
    yield 0, found.read().transpose(1, 2, 0), expected.read().transpose(1, 2, 0)
    for detail in expected.details:
        yield detail, found.pixels(detail), expected.pixels(detail)


def _first_difference(found: InBrowser, expected: InTorch, past: list[_Move], moves: list[_Move]) -> Difference | None:
    """Repeat the past moves, then the failed ones one step at a time, to their end: the next moves follow."""
    _do([("reset",), *past], found, expected)
    first = None
    for move in moves:
        for single in _singly(move):
            _do([single], found, expected)
            first = first or _difference(found, expected)
    return first


def _singly(move: _Move) -> list[_Move]:
    return [("step", 1)] * move[1] if move[0] == "step" else [move]


def _difference(found: InBrowser, expected: InTorch) -> Difference | None:
    for detail, a, b in _pairs(found, expected):
        for y, x, channel in np.argwhere(a != b):
            what = f"{_COLOURS[channel]} byte" if detail else f"channel {channel}"
            values = int(b[y, x, channel]), int(a[y, x, channel])
            decoded = detail if len(expected.details) > 1 and detail else None
            return Difference(expected.done, int(x), int(y), what, *values, decoded)
    return None
