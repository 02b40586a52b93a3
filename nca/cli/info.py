"""nca info."""

from pathlib import Path

import click

from nca.api.info import info
from nca.cli.options import command, source
from nca.files import one_line

__all__ = ["info_command"]


@command("info", info)
@source
def info_command(source: Path) -> None:
    """Show a texture's size, its bounds and its training. A folder of runs shows each of them."""
    from nca.export.source import each_path

    paths = each_path([source])
    for path in paths:
        if len(paths) > 1:
            click.echo(f"{path}:")
        for label, value in info(path).items():
            click.echo(f"{one_line(label):26} {one_line(str(value))}")
