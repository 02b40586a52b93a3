"""The page of one texture or several, with posters."""

from nca.export.bundle import Bundle
from nca.export.formats.format import Format, one_file
from nca.export.gallery import render_gallery

__all__ = ["HTML"]


def _render(*bundles: Bundle, title: str = "") -> str:
    return render_gallery(bundles, title)


HTML = Format("a page of one texture or several, which opens from disk", ".html", one_file(_render), several=True)
