"""The page for an <iframe>: the texture alone, which a pointer wipes."""

import base64
from dataclasses import replace

from markupsafe import Markup

from nca.export.bundle import Bundle
from nca.export.embedded import embed_shaders, embed_texture
from nca.export.formats.format import Format, one_file
from nca.export.js.modules import read_modules, render_viewer
from nca.export.js.strip import plain_glsl, short_glsl
from nca.export.shaders import passes, render, unroll

__all__ = ["EMBED", "render_embed"]


def render_embed(bundle: Bundle, picture: bytes = b"") -> str:
    """A small self-contained HTML page, without the provenance. After a lost WebGL context it begins anew.

    picture: a WebP picture that repeats, for browsers that cannot run the texture.
    """
    rule, decoder = bundle.rule, bundle.decoder
    texts = (plain_glsl(unroll(render(template, rule), rule, decoder=decoder)) for template in passes(decoder).values())
    return render_viewer(
        "embed.html.j2",
        name=bundle.name,
        picture=base64.b64encode(picture).decode(),
        data=embed_texture(replace(bundle, provenance={})),
        glsl=Markup(short_glsl(embed_shaders(texts))),  # noqa: S704 - our own files
        smooth=bool(decoder),  # its canvas may have more pixels than the window
        javascript=Markup(read_modules("embed/decoded.js" if decoder else "embed/embed.js")),  # noqa: S704 - our own files
    )


def _render(bundle: Bundle) -> str:
    from nca.export.pictures.thumbnail import thumbnail  # imports Pillow

    return render_embed(bundle, thumbnail(bundle))


EMBED = Format("a page for an <iframe>, the texture alone", ".html", one_file(_render))
