"""nca render."""

from pathlib import Path
from typing import Any

import click

from nca.api.render import render
from nca.cli.options import PATH, Numbers, Size, command, device, force, rollout_seed
from nca.rule.decoder import DETAILS

__all__ = ["render_command"]


@command("render", render)
@click.argument("source", type=PATH, metavar="[RUN_OR_BUNDLE_OR_PAGE]", required=False)
@click.option("-o", "--output", type=PATH, required=True, help="PNG file to write, or a movie: .webp, .gif, .mp4.")
@click.option("--size", type=Size(), help="Cells across and down.")
@click.option(
    "--detail",
    type=click.Choice(DETAILS),
    help="Pixels of a cell, across and down.  [default: those that its decoder was trained for; 1 without a decoder]",
)
@click.option("--scale", type=click.IntRange(1, 8), help="Enlarge each pixel to a square of this side.")
@click.option("--steps", type=click.IntRange(0), help="Automaton steps before the first picture.  [default: 1000]")
@click.option("--frames", type=click.IntRange(1), help="Pictures in a movie.  [default: 100]")
@click.option("--every", type=click.IntRange(1), help="Steps between a movie's pictures.  [default: 2]")
@click.option("--fps", type=click.IntRange(1, 50), help="Pictures for each second of a movie.  [default: 25]")
@click.option("--loop", is_flag=True, help="Fade the end of a movie into its beginning.")
@click.option("--session", type=PATH, help="Instead, the end of a session that a page has saved, as one PNG.")
@click.option("--sheet", type=Numbers(int), help="Instead, labelled pictures after these steps in one PNG.")
@device
@rollout_seed
@force
def render_command(source: Path | None, output: Path, **options: Any) -> None:
    """Run a texture in torch and save a picture, which tiles, or a movie.

    PNG and WebP are lossless. A GIF has 255 colours. MP4 is lossy and needs ffmpeg.
    """
    done = render(source, output, **options)
    count = f"{done.pictures} pictures of " if done.pictures > 1 else ""
    steps = "" if done.steps is None else f", {done.steps:,} steps"
    click.echo(f"Saved {done.output}: {count}{done.width}x{done.height} pixels{steps}")
