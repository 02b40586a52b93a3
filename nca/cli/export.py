"""nca export."""

import gzip
from pathlib import Path
from typing import Any

import click

from nca.api.export import STDOUT, export_textures
from nca.cli.options import PATH, command, force, sources
from nca.export.formats.registry import FORMATS
from nca.ours import our_files

__all__ = ["export_command"]

_LIST = "\b\nFormats:\n" + "\n".join(f"  {name:10} {each.what}" for name, each in FORMATS.items())


@command("export", export_textures, epilog=_LIST)
@sources
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="File or folder to write; - is stdout.  [default: the run's name, or gallery.html]",
)
@click.option(
    "--format",
    type=click.Choice(list(FORMATS)),
    help="One of the formats below.  [default: by the ending of --output, else html]",
)
@click.option("--title", help="Title of the page.  [default: the run's name; for several runs: Living textures]")
@force
def export_command(sources: tuple[Path, ...], **options: Any) -> None:
    """Export trained runs for browsers and engines. Several runs, or a folder of them, become one page, a gallery."""
    output = export_textures(sources, **options)
    if output == STDOUT:
        return
    for file in our_files(output) if output.is_dir() else [output]:
        content = file.read_bytes()
        click.echo(f"Saved {file}: {len(content):,} bytes, {len(gzip.compress(content, 9)):,} gzipped")
