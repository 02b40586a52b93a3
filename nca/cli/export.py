"""nca export."""

import gzip
from pathlib import Path

import click

from nca.cli.options import PATH, force, source
from nca.export.formats import FORMATS

__all__ = ["export"]


_LIST = "\b\nFormats:\n" + "\n".join(f"  {name:10} {each.what}" for name, each in FORMATS.items())


@click.command(epilog=_LIST)
@source
@click.option("-o", "--output", type=PATH, help="File or folder to write.  [default: the run's name in this folder]")
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(FORMATS)),
    help="What to write, see below.  [default: what --output ends in, else html]",
)
@click.option("--title", help="Shown on the page.  [default: the run's name]")
@force
def export(source: Path, output: Path | None, kind: str | None, title: str | None, force: bool) -> None:
    """Turn a trained run into something that a browser runs."""
    from nca.export.source import load_source
    from nca.files import check_output, write_file, write_folder

    chosen = FORMATS[kind or _kind(output)]
    bundle = load_source(source, title)
    output = output or Path(_stem(source) + chosen.suffix)
    check_output(output, force=force, marker=chosen.marker)
    files = chosen.files(bundle)
    if chosen.marker:
        write_folder(output, files)
    else:
        write_file(output, files[""])
    for name, content in files.items():
        click.echo(f"Saved {output / name}: {len(content):,} bytes, {len(gzip.compress(content, 9)):,} gzipped")


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
