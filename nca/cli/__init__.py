"""The command line: one file for each command. Heavy imports are inside the commands, so that --help is fast."""

from typing import Any

import click

from nca import UserError, __version__
from nca.cli.evaluate import evaluate_command
from nca.cli.export import export_command
from nca.cli.import_texture import import_command
from nca.cli.info import info_command
from nca.cli.memory import lacks_memory
from nca.cli.render import render_command
from nca.cli.sharpen import sharpen_command
from nca.cli.streams import end_for, prepare_streams
from nca.cli.train import train_command
from nca.cli.verify import verify_command
from nca.cli.view import view_command
from nca.cli.voice import spoken
from nca.files import one_line

__all__ = ["main"]

SHORT = 68  # characters of a command's line of help, so that 80 columns hold it
EXAMPLES = {  # in the order of a first use
    "view": "nca view",
    "train": "nca train bricks.jpg -o runs/bricks",
    "evaluate": "nca evaluate runs/bricks",
    "export": "nca export runs/bricks -o bricks.html",
    "verify": "nca verify bricks.html",
    "render": "nca render runs/bricks -o bricks.png",
    "sharpen": "nca sharpen runs/bricks --picture bricks.jpg -o runs/crisp",
    "info": "nca info runs/bricks",
    "import": "nca import weights.pt -o runs/foreign",
}


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of a first use, not of the alphabet."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line of help for each command, and an example."""
        with formatter.section("Commands, in the order of a first use"):
            for name, example in EXAMPLES.items():
                formatter.write(f"  {name:10}{self.commands[name].get_short_help_str(SHORT)}\n{'':12}{example}\n")

    def main(self, *args: Any, **options: Any) -> Any:
        prepare_streams()
        try:
            return super().main(*args, **options)
        except OSError as error:
            end_for(error)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with spoken():
                return super().invoke(ctx)
        except UserError as error:
            raise click.ClickException(one_line(str(error))) from None
        except (MemoryError, RuntimeError) as error:
            if not lacks_memory(error):
                raise
            reason = one_line(str(error))[:200]
            raise click.ClickException(f"out of memory ({reason}): try a smaller picture or field") from None


@click.group(
    cls=_Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(__version__)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Living textures: from a picture to a web page that computes the same bits."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for each in (
    view_command,
    train_command,
    evaluate_command,
    export_command,
    verify_command,
    render_command,
    sharpen_command,
    info_command,
    import_command,
):
    main.add_command(each)
