"""Pages of several textures: posters, the title, what ships with the package, and a place for pages to look at."""

import hashlib
import os
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from nca.export.bundle import Bundle
from nca.export.html import render_page
from nca.files import write_file

__all__ = ["TITLE", "render_gallery", "shipped", "view_page"]

TITLE = "Living textures"


def render_gallery(bundles: Sequence[Bundle], title: str = "") -> str:
    """A page of one texture or several, with posters, which take torch a second or two each.

    title: of the page; else the texture's name, or TITLE for several.
    """
    from nca.export.pictures import posters  # which imports torch

    return render_page(*bundles, title=_title(bundles, title), posters=posters(bundle.rule for bundle in bundles))


def shipped() -> list[Bundle]:
    """The textures that come with the package, by their files' names."""
    found = [file for file in files("nca").joinpath("gallery").iterdir() if file.name.endswith(".nca.json")]
    return [Bundle.from_json(file.read_text(encoding="utf-8")) for file in sorted(found, key=lambda file: file.name)]


def view_page(bundles: Sequence[Bundle], output: Path | None = None) -> Path:
    """A page of these textures, at `output` or in the user's cache, where it is made once."""
    page = output or _cached(bundles)
    if output or not page.exists():
        write_file(page, render_gallery(bundles).encode())
    return page


def _cached(bundles: Sequence[Bundle]) -> Path:
    """The place of their page, named after all that is in it but the posters, which take a while."""
    plain = render_page(*bundles, title=_title(bundles))
    return _cache() / f"{hashlib.sha256(plain.encode()).hexdigest()[:16]}.html"


def _title(bundles: Sequence[Bundle], title: str = "") -> str:
    return title or (bundles[0].name if len(bundles) == 1 else TITLE)


def _cache() -> Path:
    """Where the system wants what can be made again."""
    home = Path.home()
    places = {"win32": ("LOCALAPPDATA", home / "AppData/Local"), "darwin": ("", home / "Library/Caches")}
    variable, usual = places.get(sys.platform, ("XDG_CACHE_HOME", home / ".cache"))
    return Path(os.environ.get(variable) or usual) / "nca-texture"
