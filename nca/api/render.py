"""Pictures and movies: `nca.render`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

from nca.api.checks import LAST_SEED, StrPath, as_path, check_detail, check_range, grid, is_whole
from nca.api.texture import Source, load
from nca.errors import UsageError
from nca.files import check_output, write_file

__all__ = ["Rendered", "render"]

STILL = {"steps": 1000, "frames": 1, "every": 1, "fps": 1}
MOVIE = {"steps": 1000, "frames": 100, "every": 2, "fps": 25}
OF_SESSION = ("source", "output", "detail", "scale", "session", "device", "force")


@dataclass(frozen=True)
class Rendered:
    """A picture or a movie that was written: its file, its pictures, and their sides in pixels.

    steps: of the automaton before the last picture of a session; None for others.
    """

    output: Path
    pictures: int
    width: int
    height: int
    steps: int | None = None


def render(
    source: Source | None = None,
    output: StrPath = "",
    *,
    size: int | tuple[int, int] = 256,
    detail: int | None = None,
    scale: int = 1,
    steps: int | None = None,
    frames: int | None = None,
    every: int | None = None,
    fps: int | None = None,
    loop: bool | None = None,
    session: StrPath | None = None,
    sheet: Sequence[int] | None = None,
    device: str = "auto",
    seed: int = 0,
    force: bool = False,
) -> Rendered:
    """Run a texture in torch and save a picture, which tiles, or a movie.

    source: a texture, or the path of a run folder, a bundle or an exported page; None with a session.
    output: the file to write, .png, or a movie: .webp, .gif or .mp4. PNG and WebP are lossless. A GIF has 255 colours.
    MP4 is lossy and needs ffmpeg.
    size: cells across and down, or the side of a square; 1 to 4096 each.
    detail: pixels of a cell, 1, 2, 4 or 8; by default those that its decoder was trained for.
    scale: enlarges each pixel to a square of this side, 1 to 8.
    steps: of the automaton before the first picture, from 0; 1000 by default.
    frames: pictures in a movie; 100 by default. every: steps between them; 2 by default.
    fps: pictures for each second of a movie, 1 to 50; 25 by default.
    loop: fade the end of a movie into its beginning.
    session: instead, a session that a page has saved: its end, as a PNG.
    sheet: instead, labelled pictures after these steps, in one PNG.
    device: auto, cpu, cuda or mps. seed: of the update masks, 0 to 2^32 - 1.
    force: replace an existing output.

    Raises UserError if the source cannot be read, options do not fit the output, or it cannot be written.

    >>> nca.render(nca.gallery["moss"], "still.png", size=(32, 16), steps=5, detail=1)
    Rendered(output=PosixPath('still.png'), pictures=1, width=32, height=16, steps=None)
    """
    given = dict(locals())
    output = as_path(output)
    check_range(scale=(scale, 1, 8), seed=(seed, 0, LAST_SEED))
    check_detail(detail)
    if session is not None:
        _check_session(given, output)
        return _render_session(Path(session), output, detail, scale, device, force)
    if source is None:
        raise UsageError("Missing argument 'RUN_OR_BUNDLE_OR_PAGE': or name a --session")
    chosen = {name: given[name] for name in (*MOVIE, "loop") if given[name] is not None}
    settings = _settings(output, sheet, chosen)
    check_range(
        steps=(settings["steps"], 0, None),
        frames=(settings["frames"], 1, None),
        every=(settings["every"], 1, None),
        fps=(settings["fps"], 1, 50),
    )
    check_output(output, force=force)
    return _render(load(source), output, grid(size), detail, scale, sheet, settings, device, seed)


def _render(
    texture: Any,
    output: Path,
    size: tuple[int, int],
    detail: int | None,
    scale: int,
    sheet: Sequence[int] | None,
    settings: dict[str, Any],
    device: str,
    seed: int,
) -> Rendered:
    from nca.device import pick_device
    from nca.export.pictures import snapshots as pictures
    from nca.export.pictures.encode import check_encodable, encode

    suffix, fps = output.suffix.lower(), settings.pop("fps")
    detail = detail or texture.bundle.detail
    width, height = (side * detail * scale for side in size)
    check_encodable(suffix, len(sheet or ()) or settings["frames"], width, height)
    how = {"size": size, "decoder": texture.decoder, "detail": detail, "scale": scale, "seed": seed}
    view = partial(pictures.snapshots, texture.rule, **how, device=pick_device(device))
    drawn = [pictures.sheet(view, sheet)] if sheet else pictures.film(view, **settings)
    write_file(output, encode(drawn, suffix, fps))
    return Rendered(output, len(drawn), drawn[0].shape[1], drawn[0].shape[0])


def _check_session(given: dict[str, Any], output: Path) -> None:
    """Refuse options that the session file determines, and outputs other than PNG."""
    if source := given["source"]:
        raise UsageError(f"a session holds its own texture: leave out {source}")
    defaults = {name: each.default for name, each in signature(render).parameters.items()}
    others = [name for name, value in given.items() if name not in OF_SESSION and value != defaults[name]]
    _refuse("a session holds its own run", others)
    if output.suffix.lower() != ".png":
        raise UsageError(f"{output}: expected a name that ends in .png", "output")


def _render_session(session: Path, output: Path, detail: int | None, scale: int, device: str, force: bool) -> Rendered:
    from nca.device import pick_device
    from nca.export.check.replay import load_session, picture
    from nca.export.pictures.encode import check_encodable, encode

    run = load_session(session)
    check_output(output, force=force)
    detail = detail or run.detail
    width, height = (side * detail * scale for side in (run.width, run.height))
    check_encodable(".png", 1, width, height)
    shown = picture(run, detail, pick_device(device)).repeat(scale, 0).repeat(scale, 1)
    write_file(output, encode([shown], ".png", 1))
    return Rendered(output, 1, width, height, run.steps)


def _settings(output: Path, sheet: Sequence[int] | None, given: dict[str, Any]) -> dict[str, Any]:
    """The given options and defaults for the others. Options that do not fit the output are refused."""
    from nca.export.pictures.encode import ENCODERS

    endings = [".png"] if sheet else list(ENCODERS)
    if output.suffix.lower() not in endings:
        raise UsageError(f"{output}: expected a name that ends in {', '.join(endings)}", "output")
    if sheet:
        _refuse("--sheet names its own steps", list(given))
        for steps in sheet if isinstance(sheet, Sequence) and not isinstance(sheet, str) else [str(sheet)]:
            if not is_whole(steps) or steps < 0:
                raise UsageError(f"{str(steps)[:60]} steps: expected at least 0", "sheet")
    if output.suffix.lower() == ".png":
        _refuse("a PNG holds one picture", [name for name in given if name != "steps"])
        return STILL | given
    return MOVIE | given


def _refuse(reason: str, names: list[str]) -> None:
    if names:
        raise UsageError(f"{reason}: leave out {', '.join(f'--{name}' for name in names)}")
