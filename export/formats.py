"""What `nca export` can write: a name, and how a bundle becomes files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from nca.export.bundle import Bundle
from nca.export.element import MODULE, render_element
from nca.export.glsl import render_folder
from nca.export.godot import render_scene
from nca.export.html import render_embed, render_page
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
    """

    what: str
    suffix: str
    files: Callable[[Bundle], dict[str, bytes]]
    marker: str | None = None


def _html(bundle: Bundle) -> dict[str, bytes]:
    return {"": render_page(bundle).encode()}


def _embed(bundle: Bundle) -> dict[str, bytes]:
    return {"": render_embed(bundle).encode()}


def _json(bundle: Bundle) -> dict[str, bytes]:
    return {"": bundle.to_json().encode()}


def _element(bundle: Bundle) -> dict[str, bytes]:
    return _encoded(render_element(bundle))


def _glsl(bundle: Bundle) -> dict[str, bytes]:
    return _encoded(render_folder(bundle))


def _shadertoy(bundle: Bundle) -> dict[str, bytes]:
    return _encoded(render_tabs(bundle))


def _module(bundle: Bundle) -> dict[str, bytes]:
    return _encoded(render_module(bundle))


def _isf(bundle: Bundle) -> dict[str, bytes]:
    return {"": render_isf(bundle).encode()}


def _godot(bundle: Bundle) -> dict[str, bytes]:
    return _encoded(render_scene(bundle))


def _stand_in(suffix: str, bundle: Bundle) -> dict[str, bytes]:
    from nca.export.pictures import stand_in  # which imports torch

    return {"": stand_in(bundle.rule, suffix)}


def _encoded(texts: dict[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in texts.items()}


FORMATS = {
    "html": Format("a page with controls, which opens from disk", ".html", _html),
    "embed": Format("a page for an <iframe>, the texture alone", ".html", _embed),
    "element": Format("a folder with <nca-texture>, for any page", "-element", _element, marker=MODULE),
    "module": Format("a folder with the runtime for own code, three.js, p5.js", "-module", _module, marker="nca.js"),
    "json": Format("the bundle, for the element, the module and the notebook", ".nca.json", _json),
    "glsl": Format("a folder of plain shaders for any engine", "-glsl", _glsl, marker="step.frag"),
    "shadertoy": Format("a folder of tabs to paste", "-shadertoy", _shadertoy, marker="common.glsl"),
    "isf": Format("an Interactive Shader Format file", ".fs", _isf),
    "godot": Format("a folder with a scene for Godot 4", "-godot", _godot, marker="step.gdshader"),
    "png": Format("a tile, where nothing runs", ".png", partial(_stand_in, ".png")),
    "webp": Format("a loop, where nothing runs", ".webp", partial(_stand_in, ".webp")),
    "gif": Format("a loop for mail", ".gif", partial(_stand_in, ".gif")),
}
