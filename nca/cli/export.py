"""nca export."""

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nca.cli.options import PATH, force

if TYPE_CHECKING:
    from nca.export.bundle import Bundle

__all__ = ["export"]

SUFFIXES = {"html": ".html", "json": ".nca.json", "glsl": "-glsl"}


@click.command()
@click.argument("source", type=PATH, metavar="RUN_OR_BUNDLE")
@click.option("-o", "--output", type=PATH, help="File or folder to write.  [default: the run's name in this folder]")
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(SUFFIXES)),
    default="html",
    help="One HTML file that opens from disk, the bundle as JSON, or a folder of plain shaders.",
)
@click.option("--title", help="Shown on the page.  [default: the run's name]")
@force
def export(source: Path, output: Path | None, kind: str, title: str | None, force: bool) -> None:
    """Turn a trained run into something that a browser runs."""
    from nca.export.source import load_source
    from nca.files import check_output, write_file, write_folder

    bundle = load_source(source, title)
    output = output or Path(source.resolve().name.split(".")[0] + SUFFIXES[kind])
    check_output(output, force=force, marker="step.frag" if kind == "glsl" else None)
    files = _files(bundle, kind)
    if kind == "glsl":
        write_folder(output, files)
    else:
        write_file(output, files[""])
    for name, content in files.items():
        click.echo(f"Saved {output / name}: {len(content):,} bytes, {len(gzip.compress(content, 9)):,} gzipped")


def _files(bundle: "Bundle", kind: str) -> dict[str, bytes]:
    """What to write: contents by name in the output folder, or of the one output file, under no name."""
    from nca.export.html import render_page

    if kind == "html":
        return {"": render_page(bundle).encode()}
    if kind == "json":
        return {"": bundle.to_json().encode()}
    endings = {"vertex": ".vert"}
    return {name + endings.get(name, ".frag"): text.encode() for name, text in bundle.shaders.items()}
