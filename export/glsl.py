"""The folder of plain shaders, and what a port to another engine must know about them."""

from nca.export.bare import plain_glsl
from nca.export.bundle import Bundle
from nca.export.shaders import render

__all__ = ["render_folder"]


def render_folder(bundle: Bundle) -> dict[str, str]:
    """The folder's files by name: the bundle's shaders, README.txt."""
    shaders = {
        f"{name}.{'vert' if name == 'vertex' else 'frag'}": plain_glsl(text) for name, text in bundle.shaders.items()
    }
    return shaders | {"README.txt": render("glsl_readme.txt.j2", bundle.rule, name=bundle.name)}
