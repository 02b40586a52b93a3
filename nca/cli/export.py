"""nca export."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nca.cli.options import PATH, force, sources
from nca.export.formats import FORMATS

if TYPE_CHECKING:
    from nca.export.bundle import Bundle

__all__ = ["export"]


_LIST = "\b\nFormats:\n" + "\n".join(f"  {name:10} {each.what}" for name, each in FORMATS.items())


@click.command(epilog=_LIST)
@sources
@click.option("-o", "--output", type=PATH, help="File or folder to write.  [default: the run's name, or gallery.html]")
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(FORMATS)),
    help="What to write, see below.  [default: what --output ends in, else html]",
)
@click.option("--title", help="Shown on the page.  [default: the run's name, of several: Living textures]")
@force
def export(sources: tuple[Path, ...], output: Path | None, kind: str | None, title: str | None, force: bool) -> None:
    """Turn trained runs into something that a browser runs; several into one page, a gallery."""
    from nca.files import check_output, write_file, write_folder

    name = kind or _kind(output)
    chosen = FORMATS[name]
    bundles = _load(sources, title)
    if len(bundles) > 1 and not chosen.gallery:
        raise click.UsageError(f"--format {name} takes one texture, these are {len(bundles)}: export one after another")
    output = output or Path((_stem(sources[0]) if len(sources) == 1 else "gallery") + chosen.suffix)
    check_output(output, force=force, marker=chosen.marker)
    files = chosen.files(*bundles, title=title) if len(bundles) > 1 else chosen.files(*bundles)
    if chosen.marker:
        write_folder(output, files)
    else:
        write_file(output, files[""])
    for file, content in files.items():
        click.echo(f"Saved {output / file}: {len(content):,} bytes, {len(gzip.compress(content, 9)):,} gzipped")


def _load(sources: tuple[Path, ...], title: str | None) -> "list[Bundle]":
    """The textures; a single one takes the title for its name."""
    from nca.export.source import load_each
    from nca.files import plain_text

    bundles = load_each(sources)
    return [replace(bundles[0], name=plain_text(title))] if title and len(bundles) == 1 else bundles


def _kind(output: Path | None) -> str:
    """The first format that the output's name ends as."""
    ending = output.suffix.lower() if output else ""
    return next((name for name, each in FORMATS.items() if ending and each.suffix.endswith(ending)), "html")


def _stem(source: Path) -> str:
    """A source's name without what marks a bundle or a page; a run's may have dots of its own."""
    name = source.resolve().name
    for suffix in (".nca.json", ".html", ".htm"):
        name = name.removesuffix(suffix)
    return name
