"""A file in the Interactive Shader Format: JSON for the host in a comment, then one shader for all passes."""

import json

from nca.export.bundle import Bundle
from nca.export.formats.format import Format, one_file
from nca.export.shaders import render, render_shader

__all__ = ["ISF", "render_isf"]


def render_isf(bundle: Bundle) -> str:
    """The text of a .fs file; no name can end its comment."""
    description = json.dumps(f"{bundle.name}: a living texture").replace("*/", r"*\/")
    header = render("isf.json.j2", bundle.rule, description=description, decoder=bundle.decoder)
    return header + render_shader("isf.fs.j2", bundle.rule, decoder=bundle.decoder)


ISF = Format("an Interactive Shader Format file", ".fs", one_file(render_isf))
