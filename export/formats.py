"""What `nca export` can write: a name, and how a bundle becomes files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from nca.export.bundle import Bundle
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

    suffix: of the output's default name.
    files: contents by name in the output folder; a format of a single file has one, named "".
    marker: a folder's file that tells it from other people's folders, which are never replaced.
    """

    suffix: str
    files: Callable[[Bundle], dict[str, bytes]]
    marker: str | None = None


def _html(bundle: Bundle) -> dict[str, bytes]:
    return {"": render_page(bundle).encode()}


def _embed(bundle: Bundle) -> dict[str, bytes]:
    return {"": render_embed(bundle).encode()}


def _json(bundle: Bundle) -> dict[str, bytes]:
    return {"": bundle.to_json().encode()}


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
    "html": Format(".html", _html),
    "embed": Format(".html", _embed),
    "json": Format(".nca.json", _json),
    "module": Format("-module", _module, marker="nca.js"),
    "glsl": Format("-glsl", _glsl, marker="step.frag"),
    "shadertoy": Format("-shadertoy", _shadertoy, marker="common.glsl"),
    "isf": Format(".fs", _isf),
    "godot": Format("-godot", _godot, marker="step.gdshader"),
    **{suffix[1:]: Format(suffix, partial(_stand_in, suffix)) for suffix in (".png", ".webp", ".gif")},
}
