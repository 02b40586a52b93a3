"""Exporting: `nca.export_textures`."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

from nca.api.checks import StrPath, as_path
from nca.api.texture import Source, Texture, load
from nca.errors import UsageError
from nca.export.bundle import Bundle
from nca.export.formats.registry import FORMATS
from nca.export.source import each_path, load_sources
from nca.files import check_output, file_name, plain_text, write_file, write_folder

__all__ = ["STDOUT", "each_bundle", "export_textures"]

STDOUT = Path("-")


def export_textures(
    sources: Source | Sequence[Source],
    output: StrPath | None = None,
    *,
    format: str | None = None,  # noqa: A002 - as the command calls it
    title: str | None = None,
    force: bool = False,
) -> Path:
    """Write textures for browsers and engines. Several of them, or a folder of runs, become one page, a gallery.

    sources: textures, or paths of run folders, bundles and exported pages.
    output: the file or folder to write; - is stdout. By default the texture's name, or gallery.html, in this folder.
    format: html, embed, element, module, json, glsl, shadertoy, isf, godot, png, webp, gif or checkpoint
    (docs/embedding.md); by default that of the output's ending, else html.
    title: of the page; by default the texture's name, and for several Living textures.
    force: replace an existing output.

    Returns the path that was written. Raises UserError if a source cannot be read or the output cannot be written.

    >>> nca.export_textures(nca.gallery["moss"], "moss.html", format="embed").name
    'moss.html'
    """
    output = None if output is None else as_path(output)
    kind = format or _kind(output)
    if kind not in FORMATS:
        raise UsageError(f"{kind!r}: expected one of {', '.join(FORMATS)}", "format")
    chosen = FORMATS[kind]
    _check_ending(output, kind)
    named, bundles = _each(sources), each_bundle(sources)
    if title and len(bundles) == 1:
        bundles = [replace(bundles[0], name=plain_text(title))]
    if len(bundles) > 1 and not chosen.several:
        raise UsageError(f"--format {kind} takes one texture, these are {len(bundles)}: export one after another")
    output = output or Path((_stem(named[0]) if len(named) == 1 else "gallery") + chosen.suffix)
    if output != STDOUT:
        check_output(output, force=force, marker=chosen.marker)
    files = chosen.files(*bundles, title=title or "") if len(bundles) > 1 else chosen.files(*bundles)
    _write(output, files, whole=chosen.marker is not None)
    return output


def _write(output: Path, files: dict[str, bytes], *, whole: bool) -> None:
    """whole: whether the output is a folder, which is written as a whole."""
    if output == STDOUT:
        sys.stdout.buffer.write(files[""])
        sys.stdout.flush()
    elif whole:
        write_folder(output, files)
    else:
        write_file(output, files[""])


def each_bundle(sources: Source | Sequence[Source]) -> list[Bundle]:
    """All textures of one source or several; a folder of runs, or a page, may hold many."""
    return [bundle for each in _each(sources) for bundle in _loaded(each)]


def _each(sources: Source | Sequence[Source]) -> list[Source]:
    """One source or several; the runs of a folder instead of a folder of several runs."""
    if isinstance(sources, Mapping):  # such as nca.gallery
        sources = list(sources.values())
    several = list(sources) if isinstance(sources, Sequence) and not isinstance(sources, str) else [sources]
    if not several:
        raise UsageError("no texture is named: expected one at least")
    paths = [Path(each) for each in several if isinstance(each, str | PathLike)]
    return list(each_path(paths)) if len(paths) == len(several) else several


def _loaded(source: Source) -> list[Bundle]:
    if isinstance(source, str | PathLike):
        return list(load_sources(Path(source)).values())
    return [load(source).bundle]


def _kind(output: Path | None) -> str:
    """The first format with the ending of the output's name; html if it has none, or none that is written."""
    ending = _ending(output)
    return next((name for name, each in FORMATS.items() if ending and each.suffix.endswith(ending)), "html")


def _check_ending(output: Path | None, kind: str) -> None:
    """Refuse a name that promises another kind of file than the one that is written."""
    chosen = FORMATS[kind]
    if chosen.marker and output == STDOUT:
        raise UsageError(f"- is stdout, and --format {kind} writes a folder: name it", "output")
    if chosen.marker or not _ending(output) or chosen.suffix.endswith(_ending(output)):
        return
    expected = ", ".join(dict.fromkeys(each.suffix for each in FORMATS.values() if not each.marker))
    if _ending(output) in expected:
        expected = f"{chosen.suffix}, as --format {kind} writes it"
    raise UsageError(f"{output}: expected a name that ends in {expected}", "output")


def _ending(output: Path | None) -> str:
    ending = output.suffix.lower() if output else ""
    return ".html" if ending == ".htm" else ending


def _stem(source: Source) -> str:
    """A source's name without the ending of a bundle or a page. The name of a run may contain dots."""
    if isinstance(source, Texture):
        source = source.path or file_name(source.name)
    name = Path(source).resolve().name if isinstance(source, str | PathLike) else "texture"
    for suffix in (".nca.json", ".html", ".htm"):
        name = name.removesuffix(suffix)
    return name
