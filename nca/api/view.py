"""The page of textures in the browser: `nca.view`."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from nca.api.checks import StrPath
from nca.api.export import each_bundle
from nca.api.texture import Source
from nca.errors import UsageError
from nca.export.gallery import shipped, view_page
from nca.export.source import is_page
from nca.files import check_output

__all__ = ["opened", "view"]


def view(
    sources: Source | Sequence[Source] = (),
    output: StrPath | None = None,
    *,
    open: bool = True,  # noqa: A002 - as the command calls it
    force: bool = False,
) -> Path:
    """Show textures in the browser: the named ones, all runs in a folder, or those that come with the package.

    sources: textures, or paths of run folders, bundles and exported pages.
    output: the HTML file to write; by default one in the user's cache.
    open: in the browser, or only write it. force: replace an existing output.

    Returns the page. Raises UserError if a source cannot be read or the output cannot be written.

    >>> nca.view(nca.gallery["moss"], "moss.html", open=False, force=True).name
    'moss.html'
    """
    single = Path(sources) if isinstance(sources, str | PathLike) else None
    if single and is_page(single) and output is None:
        page = single
    else:
        output = None if output is None else Path(output)
        if output:
            _check_ending(output)
            check_output(output, force=force)
        bundles = each_bundle(sources) if single or sources else shipped()
        page = view_page(bundles, output)
    if open:
        opened(page)
    return page


def opened(page: Path) -> bool:
    """Open a page in the browser. Returns whether there is one."""
    import webbrowser

    return webbrowser.open(page.resolve().as_uri())


def _check_ending(output: Path) -> None:
    if output.suffix.lower() not in ("", ".html", ".htm"):
        raise UsageError(f"{output}: expected a name that ends in .html", "output")
