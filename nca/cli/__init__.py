"""The command line: one file a command. Heavy imports happen inside the commands, so that --help is quick."""

from typing import Any

import click

from nca import UserError, __version__
from nca.cli.evaluate import evaluate
from nca.cli.export import export
from nca.cli.info import info
from nca.cli.render import render
from nca.cli.train import train
from nca.cli.verify import verify
from nca.cli.view import view

__all__ = ["main"]


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(__version__)
def main() -> None:
    """Living textures: from a picture to a web page that computes the same bits.

    \b
    nca train bricks.png -o runs/bricks
    nca export runs/bricks -o bricks.html
    nca verify bricks.html
    """  # noqa: D301 - click wants the character, not a raw string


for command in (train, export, view, verify, render, info, evaluate):
    main.add_command(command)
