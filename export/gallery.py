"""Galleries: pages of several textures with posters, the textures of the package, and the cache of `nca view`."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from nca.cache import cache_folder
from nca.errors import UserError
from nca.export.bundle import Bundle
from nca.export.formats.page import render_page
from nca.export.proof import proved
from nca.files import write_file

__all__ = ["TITLE", "render_gallery", "shipped", "view_page"]

TITLE = "Living textures"

# The textures that ship, in the order in which galleries show them: by eye, the most beautiful first.
_ORDER = """
    lava scales mosaic water bubbles coral honeycomb web zebra stars leopard knit pebbles weave grass wood terrazzo
    confetti moss marble bricks letters tiles woodfloor wood_fine granite gravel chainmail rocks pavingstones brick_gray
"""


def render_gallery(bundles: Sequence[Bundle], title: str = "") -> str:
    """A page of one or more textures. Each has a proof, and a poster, which takes torch a second or two.

    title: of the page; by default the texture's name, or TITLE for several.
    """
    from nca.export.pictures.snapshots import posters  # imports torch

    return render_page(*map(proved, bundles), title=_title(bundles, title), posters=posters(bundles))


def shipped() -> list[Bundle]:
    """The textures that come with the package, the most beautiful first."""
    paths = [files("nca").joinpath("gallery", f"{name}.nca.json") for name in _ORDER.split()]
    return [Bundle.from_json(path.read_text(encoding="utf-8")) for path in paths]


def view_page(bundles: Sequence[Bundle], output: Path | None = None) -> Path:
    """A page of these textures, at `output` or in the user's cache, where each page is made only once.

    Raises UserError if no folder for the cache can be written.
    """
    page = output or _cached(bundles)
    if output or not page.exists():
        write_file(page, render_gallery(bundles).encode())
    return page


def _cached(bundles: Sequence[Bundle]) -> Path:
    """The path of their page in the cache: a hash of the page without its posters and proofs, which take longer."""
    plain = render_page(*bundles, title=_title(bundles))
    folder = cache_folder()
    if not folder:
        raise UserError("no folder can be written to keep the page in: choose a file for it with -o")
    return folder / f"{hashlib.sha256(plain.encode()).hexdigest()[:16]}.html"


def _title(bundles: Sequence[Bundle], title: str = "") -> str:
    return title or (bundles[0].name if len(bundles) == 1 else TITLE)
