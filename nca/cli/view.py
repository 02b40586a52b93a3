"""nca view."""

from pathlib import Path
from typing import Any

import click

from nca.api.view import opened, view
from nca.cli.options import PATH, command, force

__all__ = ["view_command"]


@command("view", view)
@click.argument("sources", type=PATH, metavar="[RUN_OR_BUNDLE_OR_PAGE]...", nargs=-1)
@click.option("-o", "--output", type=PATH, help="HTML file to write.  [default: one in the user's cache]")
@click.option("--open/--no-open", help="Open it in the browser, or only write it.")
@force
def view_command(sources: tuple[Path, ...], open: bool, **options: Any) -> None:  # noqa: A002
    """Show textures in the browser: the named ones, all runs in a folder, or those that come with the package."""
    page = view(sources[0] if len(sources) == 1 else sources, open=False, **options)
    if open and not opened(page):
        click.echo("No browser found: open this file yourself.")
    click.echo(page)
