"""A file in the Interactive Shader Format: what a host must know, as JSON in a comment, and a shader for all passes."""

import json

from nca.export.bundle import Bundle
from nca.export.shaders import render

__all__ = ["render_isf"]


def render_isf(bundle: Bundle) -> str:
    """The text of a .fs file; no name can end its comment."""
    description = json.dumps(f"{bundle.name}: a living texture").replace("*/", r"*\/")
    return render("isf.fs.j2", bundle.rule, description=description)
