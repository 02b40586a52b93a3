"""The exported page, one HTML file that holds everything and opens from disk; and the same page for a training."""

import base64
from collections.abc import Sequence
from itertools import zip_longest

from markupsafe import Markup

from nca.export.addresses import addresses
from nca.export.bundle import Bundle
from nca.export.embedded import embed_shaders, embed_texture
from nca.export.js.modules import read_modules, read_viewer, render_viewer
from nca.export.js.strip import bare_css
from nca.export.shaders import DECODE, PASSES, render
from nca.rule.rule import Rule

__all__ = ["page_shaders", "render_live_page", "render_page"]

_SHOW = "show.frag.j2"  # the page's own pass, behind those of every bundle


def render_page(*bundles: Bundle, title: str = "", posters: Sequence[bytes] = ()) -> str:
    """One self-contained HTML page of one texture or more, with controls. It makes no request, and no name breaks out.

    title: of the page, else the first texture's name.
    posters: a WebP picture of each texture, for the gallery and for browsers that cannot run it.
    """
    shown = zip_longest(addresses(bundle.name for bundle in bundles), bundles, posters)
    cards = [_card(address, bundle, poster) for address, bundle, poster in shown]
    return _render(title or bundles[0].name, cards, bundles[0], ["page"])


def render_live_page(bundle: Bundle, picture: bytes) -> str:
    """The page of a texture that is being trained. It asks its own server for new weights, and nothing else.

    picture: the PNG that the texture is trained on.
    """
    (address,) = addresses([bundle.name])
    return _render(bundle.name, [_card(address, bundle, None)], bundle, ["page", "watch"], _data("png", picture))


def _render(title: str, cards: list[dict[str, object]], bundle: Bundle, parts: list[str], picture: str = "") -> str:
    """bundle: any of the textures. parts: the viewer's folders that style the page; the last one holds its script."""
    css = "".join(bare_css(read_viewer(f"{part}/{part}.css")) for part in parts)
    return render_viewer(
        "page.html.j2",
        title=title,
        textures=cards,
        picture=picture,
        css=Markup(css),  # noqa: S704 - our own files
        glsl=page_shaders(bundle.rule),
        javascript=Markup(read_modules(f"{parts[-1]}/{parts[-1]}.js")),  # noqa: S704 - our own files
    )


def page_shaders(rule: Rule) -> Markup:
    """The shaders from which viewer/data/bundle.js makes those of any texture: of every rule they are the same."""
    return embed_shaders(render(template, rule) for template in (*PASSES.values(), DECODE, _SHOW))


def _card(address: str, bundle: Bundle, poster: bytes | None) -> dict[str, object]:
    return {
        "address": address,
        "name": bundle.name,
        "bytes": f"{bundle.byte_count:,} bytes",
        "poster": poster and _data("webp", poster),
        "data": embed_texture(bundle),
    }


def _data(kind: str, picture: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
