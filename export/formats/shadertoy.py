"""Tabs for shadertoy.com: Common, a buffer for each channel group, Image, and how to wire them."""

from nca.export.bundle import Bundle
from nca.export.formats.format import Format, folder
from nca.export.shaders import render, render_shader

__all__ = ["SHADERTOY", "render_tabs"]

_BUFFERS = "ABCD"


def render_tabs(bundle: Bundle) -> dict[str, str]:
    """The folder's files by name: tabs to paste, README.txt with their channels."""
    rule, decoder, count = bundle.rule, bundle.decoder, bundle.rule.channels // 4
    buffers = {_file(k): render_shader("shadertoy_buffer.glsl.j2", rule, k, decoder=decoder) for k in range(count)}
    tabs = _tabs(count, count if decoder else 1)
    return {
        "common.glsl": render("shadertoy_common.glsl.j2", rule, decoder=decoder),
        **buffers,
        "image.glsl": render_shader("shadertoy_image.glsl.j2", rule, decoder=decoder),
        "README.txt": render("shadertoy_readme.txt.j2", rule, name=bundle.name, tabs=tabs, decoder=decoder),
    }


def _tabs(count: int, shown: int) -> list[tuple[str, str, str]]:
    """File, tab and channels of each. count: of the buffers, the first `shown` of which Image reads."""
    buffers = [(_file(k), f"Buffer {_BUFFERS[k]}", _wiring(count)) for k in range(count)]
    return [("common.glsl", "Common", "none"), *buffers, ("image.glsl", "Image", _wiring(shown))]


def _wiring(count: int) -> str:
    return ", ".join(f"iChannel{k} = Buffer {_BUFFERS[k]}" for k in range(count))


def _file(k: int) -> str:
    return f"buffer_{_BUFFERS[k].lower()}.glsl"


SHADERTOY = Format("a folder of tabs to paste", "-shadertoy", folder(render_tabs), marker="common.glsl")
