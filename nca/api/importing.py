"""Automata that other programs trained: `nca.import_automata`."""

from collections.abc import Callable, Sequence
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nca.api.checks import StrPath, as_paths, check_range
from nca.api.texture import Texture, load
from nca.errors import UsageError, UserError

if TYPE_CHECKING:
    from nca.importing.run import Found, Imported

__all__ = ["import_automata"]


def import_automata(
    files: StrPath | Sequence[StrPath],
    output: StrPath,
    *,
    only: Sequence[str] | None = None,
    order: str | None = None,
    kernels: float | None = None,
    laplacian: float | None = None,
    offset: float | None = None,
    update_rate: float | None = None,
    picture: StrPath | None = None,
    channels: int | None = None,
    hidden: int | None = None,
    force: bool = False,
    begin: "Callable[[Found], Any]" = lambda _: None,
    done: "Callable[[Path, Imported], Any]" = lambda *_: None,
) -> list[Texture]:
    """Take automata that other programs trained, as run folders.

    The automaton is run to recognise what its file does not say, unless an option says it (docs/import.md).

    files: state dicts (.pt, .pth, .safetensors, .npz), sets of 8-bit models (.json), or files of bare float32 numbers.
    output: the run folder to write; for several automata their parent.
    only: names in a set of 8-bit models; by default all.
    order: "channels" or "filters", of the first layer's inputs: the kernels of a channel, or the channels of a kernel,
    side by side.
    kernels: divisor of the Sobel and Laplacian kernels, 1 or 8. laplacian: its centre before it is divided.
    offset: colour less state, -1 to 1. update_rate: part of the cells in a step, 1/256 to 1.
    picture: of the texture: trains the rule a little further on it.
    channels, hidden: of a file of bare numbers, together.
    force: replace an existing output.
    begin, done: called before and after each automaton is quantized, with what was found and with what was made.

    Returns the textures. Raises UserError if a file cannot be read, or its automaton does not fit.

    >>> file = nca.gallery["moss"].export("moss.pt")
    >>> nca.import_automata(file, "runs/moss")
    [Texture(moss: 12 channels, 96 hidden)]
    """
    from nca.importing.run import find_automata, import_automaton, write_imported
    from nca.picture import load_picture, require_texture

    _check_conventions(order, kernels, laplacian, offset, update_rate)
    raw = _sizes(channels, hidden)
    given = None if picture is None else load_picture(Path(picture))
    if given is not None:
        require_texture(given, str(picture))
    rate = None if update_rate is None else round(256 * update_rate)
    options = {"order": order, "divisor": kernels, "centre": laplacian, "offset": offset, "update": rate}
    chosen = {name: value for name, value in options.items() if value is not None}
    found = [each for path in as_paths(files) for each in find_automata(path, chosen, raw)]
    found = _only(found, only) if only else found
    if picture and len(found) > 1:
        raise UserError(f"{picture} is one picture, but there are {len(found)} automata: choose one with --only")
    folders = _folders(found, Path(output), force)
    for folder, each in zip(folders, found, strict=True):
        begin(each)
        imported = import_automaton(each, given)
        write_imported(folder, imported)
        done(folder, imported)
    return [load(folder) for folder in folders]


def _check_conventions(
    order: str | None, kernels: float | None, laplacian: float | None, offset: float | None, rate: float | None
) -> None:
    """Raise UserError for a value that no automaton has. NaN is in no range."""
    from nca.importing.convert import ORDERS

    if order is not None and order not in ORDERS:
        raise UserError(f"order is {str(order)[:60]}: expected one of {', '.join(ORDERS)}")
    if kernels is not None and kernels not in (1, 8):
        raise UserError(f"kernels is {str(kernels)[:60]}: expected 1 or 8")
    _check_number("laplacian", laplacian, -1000, 1000, "-1000 to 1000")
    _check_number("offset", offset, -1, 1, "-1 to 1")
    _check_number("update rate", rate, 1 / 256, 1, "1/256 to 1")


def _check_number(name: str, value: float | None, least: float, most: float, expected: str) -> None:
    if value is None or (isinstance(value, Real) and least <= value <= most):
        return
    raise UserError(f"{name} is {str(value)[:60]}: expected a number from {expected}")


def _sizes(channels: int | None, hidden: int | None) -> tuple[int, int] | None:
    """Of a file of bare numbers. Raises UserError for sizes that no rule has."""
    from nca.rule.rule import CHANNELS, MAX_HIDDEN

    if (channels is None) != (hidden is None):
        raise UsageError("--channels and --hidden belong together.")
    if channels is None or hidden is None:
        return None
    check_range(channels=(channels, 1, CHANNELS[-1]), hidden=(hidden, 1, MAX_HIDDEN))
    return channels, hidden


def _only(found: "list[Found]", only: Sequence[str]) -> "list[Found]":
    missing = [name for name in only if name not in [each.name for each in found]]
    if missing:
        some = ", ".join(each.name for each in found[:8]) + (", ..." if len(found) > 8 else "")
        raise UserError(f"no model {', '.join(missing)} in it: expected some of {some}")
    return [each for each in found if each.name in only]


def _folders(found: "list[Found]", output: Path, force: bool) -> list[Path]:
    from nca.files import check_output
    from nca.run import MODEL

    folders = [output] if len(found) == 1 else [output / each.file_name for each in found]
    for folder in folders:
        if folders.count(folder) > 1:
            raise UserError(
                f"several automata would be written to {folder}: import them one by one, models of one set with --only"
            )
        check_output(folder, force=force, marker=MODEL)
    return folders
