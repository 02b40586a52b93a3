"""A folder for a Godot 4 project: a scene that runs the texture in viewports, with its script and its shaders."""

import re

from nca.export.bundle import Bundle
from nca.export.shaders import render

__all__ = ["render_scene"]

_FILES = ("texture.tscn", "texture.gd", "step.gdshader", "picture.gdshader")
_SHIFT = re.compile(r"(?<=>> |<< )\d+\b")
_MATRIX = re.compile(r"(?<=mat4\()[-\d,]+")


def render_scene(bundle: Bundle) -> dict[str, str]:
    """The folder's files by name: texture.tscn and what it needs, README.txt."""
    files = {name: render(f"godot_{name}.j2", bundle.rule) for name in _FILES}
    files["step.gdshader"] = _strict(files["step.gdshader"])
    return files | {"README.txt": render("godot_readme.txt.j2", bundle.rule, name=bundle.name)}


def _strict(glsl: str) -> str:
    """GLSL as Godot takes it: an unsigned integer is shifted by an unsigned one, a matrix is made of columns."""
    return _MATRIX.sub(_columns, _SHIFT.sub(r"\g<0>u", glsl))


def _columns(matrix: re.Match[str]) -> str:
    numbers = matrix[0].split(",")
    return ",".join(f"vec4({','.join(numbers[i : i + 4])})" for i in range(0, 16, 4))
