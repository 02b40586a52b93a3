"""What `nca export` can write: a name, and how a bundle becomes files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from nca.export.bundle import Bundle
from nca.export.element import MODULE, render_element
from nca.export.gallery import render_gallery
from nca.export.glsl import render_folder
from nca.export.godot import render_scene
from nca.export.html import render_embed
from nca.export.isf import render_isf
from nca.export.module import render_module
from nca.export.shadertoy import render_tabs

__all__ = ["FORMATS", "Format"]


@dataclass(frozen=True)
class Format:
    """One kind of export.

    what: it writes, in a few words. suffix: of the output's default name.
    files: contents by name in the output folder; a format of a single file has one, named "".
    marker: a folder's file that tells it from other people's folders, which are never replaced.
    gallery: whether `files` takes several textures, and a title for them all.
    """

    what: str
    suffix: str
    files: Callable[..., dict[str, bytes]]
    marker: str | None = None
    gallery: bool = False


def _file(render: Callable[[Bundle], str]) -> Callable[[Bundle], dict[str, bytes]]:
    return lambda bundle: {"": render(bundle).encode()}


def _folder(render: Callable[[Bundle], dict[str, str]]) -> Callable[[Bundle], dict[str, bytes]]:
    return lambda bundle: {name: text.encode() for name, text in render(bundle).items()}


def _gallery(*bundles: Bundle, title: str = "") -> dict[str, bytes]:
    return {"": render_gallery(bundles, title).encode()}


def _stand_in(suffix: str, bundle: Bundle) -> dict[str, bytes]:
    from nca.export.pictures import stand_in  # which imports torch

    return {"": stand_in(bundle.rule, suffix)}


FORMATS = {
    "html": Format("a page of one texture or several, which opens from disk", ".html", _gallery, gallery=True),
    "embed": Format("a page for an <iframe>, the texture alone", ".html", _file(render_embed)),
    "element": Format("a folder with <nca-texture>, for any page", "-element", _folder(render_element), marker=MODULE),
    "module": Format(
        "a folder with the runtime for own code, three.js, p5.js", "-module", _folder(render_module), marker="nca.js"
    ),
    "json": Format("the bundle, for the element, the module and the notebook", ".nca.json", _file(Bundle.to_json)),
    "glsl": Format("a folder of plain shaders for any engine", "-glsl", _folder(render_folder), marker="step.frag"),
    "shadertoy": Format("a folder of tabs to paste", "-shadertoy", _folder(render_tabs), marker="common.glsl"),
    "isf": Format("an Interactive Shader Format file", ".fs", _file(render_isf)),
    "godot": Format("a folder with a scene for Godot 4", "-godot", _folder(render_scene), marker="step.gdshader"),
    "png": Format("a tile, where nothing runs", ".png", partial(_stand_in, ".png")),
    "webp": Format("a loop, where nothing runs", ".webp", partial(_stand_in, ".webp")),
    "gif": Format("a loop for mail", ".gif", partial(_stand_in, ".gif")),
}
