"""What `nca export` can write: a name, and how a bundle becomes files."""

from collections.abc import Callable
from dataclasses import dataclass

from nca.export.bundle import Bundle
from nca.export.element import MODULE, render_element
from nca.export.glsl import render_folder
from nca.export.html import render_page
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


def _json(bundle: Bundle) -> dict[str, bytes]:
    return {"": bundle.to_json().encode()}


def _element(bundle: Bundle) -> dict[str, bytes]:
    return _encoded(render_element(bundle))


def _glsl(bundle: Bundle) -> dict[str, bytes]:
    return _encoded(render_folder(bundle))


def _shadertoy(bundle: Bundle) -> dict[str, bytes]:
    return _encoded(render_tabs(bundle))


def _encoded(texts: dict[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in texts.items()}


FORMATS = {
    "html": Format(".html", _html),
    "json": Format(".nca.json", _json),
    "element": Format("-element", _element, marker=MODULE),
    "glsl": Format("-glsl", _glsl, marker="step.frag"),
    "shadertoy": Format("-shadertoy", _shadertoy, marker="common.glsl"),
}
