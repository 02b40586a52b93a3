"""nca verify."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nca.cli.options import PATH, Numbers, Size, rollout_seed
from nca.errors import UserError
from nca.export.browser import BROWSERS, RENDERERS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from nca.export.verify import Check

__all__ = ["verify"]


@click.command()
@click.argument("source", type=PATH, metavar="RUN_OR_BUNDLE_OR_PAGE")
@click.option("--steps", type=Numbers(int), default="1,2,10,100,1000", help="When to compare, counted from the reset.")
@click.option("--size", type=Size(), default="64", help="Cells across and down.")
@rollout_seed
@click.option("--browser", default="chromium", help=f"{', '.join(BROWSERS)}, or the path of a Chromium.")
@click.option("--renderer", type=click.Choice(list(RENDERERS)), default="default", help="What draws, in Chromium.")
@click.option("--if-found", is_flag=True, help="Pass where no browser is found.")
def verify(source: Path, browser: str, renderer: str, if_found: bool, **options: Any) -> None:
    """Compare what a browser computes with torch, value by value.

    Runs the exported page headless and compares every channel of every cell and every byte shown with the
    reference: after some steps, a brush stroke and a reset. Exits with 1 unless all are equal.
    """
    from nca.export.browser import MissingBrowser, launch

    try:
        with launch(browser, renderer=renderer) as running:
            _verify(running, source, **options)
    except MissingBrowser as error:
        if not if_found:
            raise
        click.echo(f"Not verified: {error}")


def _verify(browser: "Browser", source: Path, steps: tuple[int, ...], size: tuple[int, int], seed: int) -> None:
    from nca.export.verify import target
    from nca.export.verify import verify as compare

    if min(steps) < 1:
        raise click.BadParameter(f"{min(steps)} steps: expected at least 1", param_hint="--steps")
    with target(source) as (page, rule):
        report = compare(browser, page, rule, steps=steps, width=size[0], height=size[1], seed=seed, progress=_show)
    cells = size[0] * size[1]
    click.echo(f"{report.differing} of {report.values:,} values differ, {cells:,} cells, on {report.renderer}")
    if report.differing:
        raise UserError(f"{source} differs first at {report.first}")


def _show(check: "Check") -> None:
    click.echo(f"{check.name:12} {check.values:12,} values  {check.differing} differ")
