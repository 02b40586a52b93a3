"""nca verify."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nca.cli.options import Numbers, Size, rollout_seed, source
from nca.errors import UserError
from nca.export.browser import BROWSERS, RENDERERS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from nca.export.verify import Check
    from nca.rule import Rule

__all__ = ["verify"]


@click.command()
@source
@click.option("--steps", type=Numbers(int), default="1,2,10,100,1000", help="When to compare, counted from the reset.")
@click.option("--size", type=Size(), default="64", help="Cells across and down.")
@rollout_seed
@click.option("--browser", default="chromium", help=f"{', '.join(BROWSERS)}, or the path of a Chromium.")
@click.option(
    "--renderer",
    type=click.Choice(list(RENDERERS)),
    default="default",
    help="What shall draw, in Chromium; the result names what did.",
)
@click.option("--if-found", is_flag=True, help="Pass where no browser is found.")
def verify(source: Path, browser: str, renderer: str, if_found: bool, **options: Any) -> None:
    """Compare what a browser computes with torch, value by value.

    Runs the exported page headless and compares every channel of every cell and every byte shown with the
    reference: after some steps, a brush stroke and a reset. Exits with 1 unless all are equal.
    A gallery is compared texture by texture; page.html#NAME is one of them.
    """
    from nca.export.browser import MissingBrowser, launch
    from nca.export.verify import target

    if min(options["steps"]) < 1:
        raise click.BadParameter(f"{min(options['steps'])} steps: expected at least 1", param_hint="--steps")
    try:
        with target(source) as (page, rules), launch(browser, renderer=renderer) as running:
            for address, rule in rules.items():
                if len(rules) > 1:
                    click.echo(f"{address}:")
                _verify(running, page, address, rule, **options)
    except MissingBrowser as error:
        if not if_found:
            raise
        click.echo(f"Not verified: {error}")


def _verify(
    browser: "Browser",
    page: Path,
    address: str,
    rule: "Rule",
    steps: tuple[int, ...],
    size: tuple[int, int],
    seed: int,
) -> None:
    from nca.export.verify import verify as compare

    width, height = size
    grid = {"width": width, "height": height, "seed": seed}
    report = compare(browser, page, rule, steps=steps, **grid, address=address, progress=_show)
    click.echo(f"{report.differing} of {report.values:,} values differ, {width * height:,} cells, on {report.renderer}")
    if report.differing:
        raise UserError(f"the browser differs from torch, first at {report.first or 'a step that a replay repaired'}")


def _show(check: "Check") -> None:
    click.echo(f"{check.name:12} {check.values:12,} values  {check.differing} differ")
