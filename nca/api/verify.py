"""Comparing a browser with torch: `nca.verify`."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from nca.api.checks import LAST_SEED, check_range, grid
from nca.api.texture import Source, load
from nca.errors import UsageError, UserError

if TYPE_CHECKING:
    from nca.export.bundle import Bundle
    from nca.export.check.verify import Check, Report

__all__ = ["STEPS", "verify", "verify_each"]

STEPS, TIMEOUT = (1, 2, 10, 100, 1000), 120
DAY = 86_400  # seconds: nobody waits longer
Result = TypeVar("Result")


def verify(
    source: Source,
    *,
    steps: Sequence[int] = STEPS,
    size: int | tuple[int, int] = 64,
    seed: int = 0,
    browser: str = "chromium",
    renderer: str = "default",
    timeout: float = TIMEOUT,
) -> "Report":
    """Compare a texture in a headless browser with torch, value by value: every channel of every cell, every byte.

    source: a texture, or the path of an exported page, a run folder or a bundle. Of a page with several textures all
    are compared; `page.html#NAME` selects one.
    steps: after which to compare, counted from the reset, from 1.
    size: cells across and down, or the side of a square; 1 to 4096 each.
    seed: of the update masks, 0 to 2^32 - 1.
    browser: chromium, firefox, webkit, or the path of a Chromium.
    renderer: for Chromium: default, swiftshader, llvmpipe, lavapipe or gpu.
    timeout: seconds for an answer of the browser, from 1, which is asked for at most 100 steps at a time.

    The result has `values`, the number of compared values, `differing`, the number of those that differ, `first`, the
    first of them or None, and `renderer`, the one that drew.

    Raises UserError if the source cannot be read, or its page does not run or gives no answer in time, and
    MissingBrowser, a UserError, if there is no browser.

    >>> report = nca.verify(nca.gallery["zebra"], steps=[1, 5], size=16)
    >>> report.differing
    0
    """
    from nca.export.check.verify import Report

    reports: list[Report] = []
    verify_each(
        source,
        lambda _, report: reports.append(report),
        steps=steps,
        size=size,
        seed=seed,
        browser=browser,
        renderer=renderer,
        timeout=timeout,
    )
    firsts = [each.first for each in reports if each.first]
    checks = tuple(check for each in reports for check in each.checks)
    return Report(reports[0].renderer, checks, firsts[0] if firsts else None)


def verify_each(
    source: Source,
    done: "Callable[[str, Report], object]",
    *,
    begin: Callable[[str], object] = lambda _: None,
    progress: "Callable[[Check], None]" = lambda _: None,
    steps: Sequence[int] = STEPS,
    size: int | tuple[int, int] = 64,
    seed: int = 0,
    browser: str = "chromium",
    renderer: str = "default",
    timeout: float = TIMEOUT,
) -> None:
    """Like `verify`, texture by texture.

    begin, done: called with the address of each texture in its page, before and after; `done` also with its result.
    progress: called after each comparison.
    """
    from nca.export.check.browser import launch
    from nca.export.check.verify import verify as compared

    if min(steps) < 1:
        raise UsageError(f"{min(steps)} steps: expected at least 1", "steps")
    check_range(seed=(seed, 0, LAST_SEED))
    if not isinstance(timeout, int | float) or not 1 <= timeout <= DAY:
        raise UserError(f"timeout is {str(timeout)[:60]}: expected seconds, from 1 to {DAY}")
    width, height = grid(size)

    def run() -> None:
        with _target(source) as (page, textures), launch(browser, renderer=renderer) as running:
            for address, texture in textures.items():
                begin(address if len(textures) > 1 else "")
                report = compared(
                    running,
                    page,
                    texture.rule,
                    decoder=texture.decoder,
                    steps=steps,
                    width=width,
                    height=height,
                    seed=seed,
                    address=address,
                    timeout=timeout,
                    progress=progress,
                )
                done(address, report)

    _outside_a_loop(run)


@contextmanager
def _target(source: Source) -> "Iterator[tuple[Path, dict[str, Bundle]]]":
    """The page of a source, and its textures by their addresses."""
    from nca.export.addresses import addresses
    from nca.export.check.verify import page_of, target

    if isinstance(source, str | PathLike):
        with target(Path(source)) as found:
            yield found
        return
    bundle = load(source).bundle
    with page_of(bundle) as page:
        yield page, {addresses([bundle.name])[0]: bundle}


def _outside_a_loop(run: Callable[[], Result]) -> Result:
    """Run it in a thread of its own where this one has an event loop, as in a notebook: Playwright refuses to."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()
