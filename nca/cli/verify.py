"""nca verify."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nca.api.checks import grid
from nca.api.verify import verify, verify_each
from nca.cli.options import Numbers, Size, command, rollout_seed, source
from nca.errors import UserError
from nca.export.check.browser import BROWSERS, RENDERERS

if TYPE_CHECKING:
    from nca.export.check.verify import Check, Report

__all__ = ["verify_command"]


@command("verify", verify)
@source
@click.option(
    "--steps",
    type=Numbers(int),
    help="Steps after which to compare, counted from the reset.",
)
@click.option("--size", type=Size(), help="Cells across and down.")
@rollout_seed
@click.option("--browser", help=f"{', '.join(BROWSERS)}, or the path of a Chromium.")
@click.option(
    "--renderer",
    type=click.Choice(list(RENDERERS)),
    help="The renderer for Chromium; the result names the one that drew.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(1),
    metavar="SECONDS",
    help="Time for an answer of the browser, which is asked for at most 100 steps at a time.",
)
@click.option("--if-found", is_flag=True, help="Succeed if no browser is found.")
def verify_command(source: Path, if_found: bool, **options: Any) -> None:
    """Compare the texture in a browser with torch, value by value.

    This runs the exported page in a headless browser and compares every channel of every cell and every visible byte
    with the reference: after some steps, a brush stroke and a reset. A picture that a decoder paints is compared at
    1, 2, 4 and 8 pixels a cell. It exits with 1 unless all are equal. In a gallery it compares each texture;
    page.html#NAME selects one.
    """
    from nca.export.check.browser import MissingBrowser

    try:
        verify_each(source, partial(_report, grid(options["size"])), begin=_name, progress=_show, **options)
    except MissingBrowser as error:
        if not if_found:
            raise
        click.echo(f"Not verified: {error}")


def _name(address: str) -> None:
    if address:
        click.echo(f"{address}:")


def _report(size: tuple[int, int], _: str, report: "Report") -> None:
    width, height = size
    click.echo(f"{report.differing} of {report.values:,} values differ, {width * height:,} cells, on {report.renderer}")
    if report.differing:
        raise UserError(
            f"the browser differs from torch, first at {report.first or 'a step that a second run did not reproduce'}"
        )


def _show(check: "Check") -> None:
    click.echo(f"{check.name:12} {check.values:12,} values  {check.differing} differ")
