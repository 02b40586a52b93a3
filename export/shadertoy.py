"""Tabs for shadertoy.com: Common, a buffer for each four channels, Image, and how to wire them."""

from nca.export.bundle import Bundle
from nca.export.shaders import render

__all__ = ["render_tabs"]

_BUFFERS = "ABCD"


def render_tabs(bundle: Bundle) -> dict[str, str]:
    """The folder's files by name: tabs to paste, README.txt with their channels."""
    rule, count = bundle.rule, bundle.rule.channels // 4
    buffers = {_file(k): render("shadertoy_buffer.glsl.j2", rule, k=k) for k in range(count)}
    return {
        "common.glsl": render("shadertoy_common.glsl.j2", rule),
        **buffers,
        "image.glsl": render("shadertoy_image.glsl.j2", rule),
        "README.txt": render("shadertoy_readme.txt.j2", rule, name=bundle.name, tabs=_tabs(count)),
    }


def _tabs(count: int) -> list[tuple[str, str, str]]:
    """File, tab and channels of each."""
    wiring = ", ".join(f"iChannel{k} = Buffer {_BUFFERS[k]}" for k in range(count))
    buffers = [(_file(k), f"Buffer {_BUFFERS[k]}", wiring) for k in range(count)]
    return [("common.glsl", "Common", "none"), *buffers, ("image.glsl", "Image", "iChannel0 = Buffer A")]


def _file(k: int) -> str:
    return f"buffer_{_BUFFERS[k].lower()}.glsl"
