"""nca view."""

from pathlib import Path

import click

from nca.cli.options import PATH, force

__all__ = ["view"]


@click.command()
@click.argument("sources", type=PATH, metavar="[RUN_OR_BUNDLE_OR_PAGE]...", nargs=-1)
@click.option("-o", "--output", type=PATH, help="HTML file to write.  [default: one in the user's cache]")
@click.option("--open/--no-open", "opens", default=True, help="Open it in the browser, or only write it.")
@force
def view(sources: tuple[Path, ...], output: Path | None, opens: bool, force: bool) -> None:
    """Look at textures in the browser: those named, else the ones that come with the package."""
    from nca.export.gallery import shipped, view_page
    from nca.export.source import is_page, load_each
    from nca.files import check_output

    if len(sources) == 1 and is_page(sources[0]) and not output:
        page = sources[0]
    else:
        if output:
            check_output(output, force=force)
        page = view_page(load_each(sources) if sources else shipped(), output)
    if opens and not _open(page):
        click.echo("No browser found: open the file yourself.")
    click.echo(page)


def _open(page: Path) -> bool:
    import webbrowser

    return webbrowser.open(page.resolve().as_uri())
