"""The folder of plain shaders, and how to run them in another engine."""

from nca.export.bundle import Bundle
from nca.export.formats.format import Format, folder
from nca.export.js.strip import plain_glsl
from nca.export.shaders import render

__all__ = ["GLSL", "render_folder"]


def render_folder(bundle: Bundle) -> dict[str, str]:
    """The folder's files by name: the bundle's shaders, README.txt."""
    shaders = {
        f"{name}.{'vert' if name == 'vertex' else 'frag'}": plain_glsl(text) for name, text in bundle.shaders.items()
    }
    return shaders | {"README.txt": render("glsl_readme.txt.j2", bundle.rule, name=bundle.name, decoder=bundle.decoder)}


GLSL = Format("a folder of plain shaders for any engine", "-glsl", folder(render_folder), marker="step.frag")
