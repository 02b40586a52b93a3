"""nca render."""

from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from nca.cli.options import PATH, Numbers, Size, device, force, rollout_seed

__all__ = ["render"]

STILL = {"steps": 1000, "frames": 1, "every": 1, "fps": 1}
MOVIE = {"steps": 1000, "frames": 100, "every": 2, "fps": 25}


@click.command()
@click.argument("source", type=PATH, metavar="[RUN_OR_BUNDLE_OR_PAGE]", required=False)
@click.option("-o", "--output", type=PATH, required=True, help="PNG file to write, or a movie: .webp, .gif, .mp4.")
@click.option("--size", type=Size(), default="256", show_default=True, help="Cells across and down.")
@click.option("--scale", type=click.IntRange(1, 8), default=1, help="Pixels a cell.")
@click.option("--steps", type=click.IntRange(0), help="Automaton steps before the first picture.  [default: 1000]")
@click.option("--frames", type=click.IntRange(1), help="Pictures in a movie.  [default: 100]")
@click.option("--every", type=click.IntRange(1), help="Steps between a movie's pictures.  [default: 2]")
@click.option("--fps", type=click.IntRange(1, 50), help="A movie's pictures a second.  [default: 25]")
@click.option("--loop", is_flag=True, default=None, help="Fade a movie's end into its beginning.")
@click.option("--session", type=PATH, help="Instead, what a page's session looked like at its end, in one PNG.")
@click.option("--sheet", type=Numbers(int), help="Instead, pictures after these steps in one PNG, labelled.")
@device
@rollout_seed
@force
@click.pass_context
def render(
    context: click.Context,
    /,
    source: Path | None,
    output: Path,
    size: tuple[int, int],
    scale: int,
    session: Path | None,
    sheet: tuple[int, ...] | None,
    device: str,
    seed: int,
    force: bool,
    **given: Any,
) -> None:
    """Run a texture in torch and save what it looks like: a picture that tiles, or a movie.

    PNG and WebP keep every byte; a GIF has 255 colours; MP4 is lossy, and needs ffmpeg.
    """
    from nca.export import pictures
    from nca.export.encode import check_encodable, encode
    from nca.export.source import load_source
    from nca.files import check_output, write_file
    from nca.rollout import pick_device

    if session:
        _check_session(context, output)
        return _render_session(session, output, scale, device, force)
    if not source:
        raise click.UsageError("Missing argument 'RUN_OR_BUNDLE_OR_PAGE': or name a --session", context)
    settings = _settings(output, sheet, {name: value for name, value in given.items() if value is not None})
    suffix, fps = output.suffix.lower(), settings.pop("fps")
    check_output(output, force=force)
    check_encodable(suffix, len(sheet or ()) or settings["frames"], size[0] * scale, size[1] * scale)
    rule = load_source(source).rule
    view = partial(pictures.snapshots, rule, size=size, scale=scale, seed=seed, device=pick_device(device))
    drawn = [pictures.sheet(view, sheet)] if sheet else pictures.film(view, **settings)
    write_file(output, encode(drawn, suffix, fps))
    count = f"{len(drawn)} pictures of " if len(drawn) > 1 else ""
    click.echo(f"Saved {output}: {count}{drawn[0].shape[1]}x{drawn[0].shape[0]} pixels")


def _check_session(context: click.Context, output: Path) -> None:
    """Refuse what a session itself says, and what is no still."""
    if source := context.params["source"]:
        raise click.UsageError(f"a session holds its own texture: leave out {source}")
    takes = ("output", "scale", "session", "device", "force")
    given = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    _refuse("a session holds its own run", [name for name in given if name not in takes])
    if output.suffix.lower() != ".png":
        raise click.BadParameter(f"{output}: expected a name that ends in .png", param_hint="--output")


def _render_session(session: Path, output: Path, scale: int, device: str, force: bool) -> None:
    from nca.export.encode import check_encodable, encode
    from nca.export.replay import load_session, replay
    from nca.files import check_output, write_file
    from nca.rollout import pick_device, rgb_bytes

    run = load_session(session)
    check_output(output, force=force)
    check_encodable(".png", 1, run.width * scale, run.height * scale)
    picture = rgb_bytes(replay(run, pick_device(device))).repeat(scale, 0).repeat(scale, 1)
    write_file(output, encode([picture], ".png", 1))
    click.echo(f"Saved {output}: {picture.shape[1]}x{picture.shape[0]} pixels, {run.steps:,} steps")


def _settings(output: Path, sheet: tuple[int, ...] | None, given: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, completed; refused where the output cannot have it."""
    from nca.export.encode import ENCODERS

    endings = [".png"] if sheet else list(ENCODERS)
    if output.suffix.lower() not in endings:
        expected = ", ".join(endings)
        raise click.BadParameter(f"{output}: expected a name that ends in {expected}", param_hint="--output")
    if sheet:
        _refuse("--sheet names its own steps", list(given))
        if min(sheet) < 0:
            raise click.BadParameter(f"{min(sheet)} steps: expected at least 0", param_hint="--sheet")
    if output.suffix.lower() == ".png":
        _refuse("a PNG holds one picture", [name for name in given if name != "steps"])
        return STILL | given
    return MOVIE | given


def _refuse(reason: str, names: list[str]) -> None:
    if names:
        raise click.UsageError(f"{reason}: leave out {', '.join(f'--{name}' for name in names)}")
