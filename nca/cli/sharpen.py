"""nca sharpen."""

from pathlib import Path
from typing import Any

import click

from nca.api.checks import LAST_SEED
from nca.api.sharpen import sharpen
from nca.callbacks.progress import show_part
from nca.cli.options import PATH, Detail, FeaturesName, command, force, source
from nca.features.registry import AUTO, EXTRACTORS

__all__ = ["sharpen_command"]


@command("sharpen", sharpen)
@source
@click.option("--picture", type=PATH, required=True, help="The picture of the training, with all its pixels.")
@click.option("-o", "--output", type=PATH, required=True, help="Run folder to write, or a bundle: NAME.nca.json.")
@click.option(
    "--detail",
    type=Detail(["auto", "1", "2", "4", "8"]),
    help="Pixels of a cell, across and down.  [default: auto: as many as the picture has, up to 4]",
)
@click.option("--scale", type=float, help="Of the picture; one pixel is one cell.  [default: as trained]")
@click.option(
    "--features",
    type=FeaturesName([AUTO, *EXTRACTORS]),
    help="What the loss compares; auto is imagenet where its weights are installed, else multiscale.",
)
@click.option("--seed", type=click.IntRange(0, LAST_SEED), help="Of everything random.")
@force
def sharpen_command(output: Path, **arguments: Any) -> None:
    """Fit a decoder to a finished texture, which then shows several pixels for each cell.

    The automaton does not change, bit for bit. It takes about a minute of one core. The output is a bundle if its name
    ends in .json, else a run folder. A sharpened run cannot be trained further.
    """
    with show_part() as show:
        texture = sharpen(output=output, **arguments, progress=show)
    if decoder := texture.decoder:
        click.echo(
            f"Saved {output}: {decoder.detail}x{decoder.detail} pixels a cell, {decoder.parameters} more parameters; "
            f"next: nca export {output}"
        )
