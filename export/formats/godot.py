"""A folder for a Godot 4 project: a scene that runs the texture in viewports, its script and its shaders."""

import re

from nca.export.bundle import Bundle
from nca.export.formats.format import Format, folder
from nca.export.shaders import render, render_shader
from nca.rule.rule import STATE_BITS

__all__ = ["GODOT", "render_scene"]

_FILES = ("texture.tscn", "texture.gd")
_SHADERS = ("step.gdshader", "picture.gdshader")
_SHIFT = re.compile(rf"(?<=>> |<< )(?!{STATE_BITS}\b)\d+\b")  # the one by STATE_BITS is a signed integer's
_MATRIX = re.compile(r"(?<=mat4\()[-\d,]+")
_VECTOR = re.compile(r"vec[34]\([-+.,e\d]+\)")
_COLOURS = re.compile(r"mat4x3\(([-\d,]+)\) \* h")


def render_scene(bundle: Bundle) -> dict[str, str]:
    """The folder's files by name: texture.tscn, its script and shaders, README.txt."""
    rule, decoder = bundle.rule, bundle.decoder
    files = {name: render(f"godot_{name}.j2", rule, decoder=decoder) for name in _FILES}
    shaders = {name: _strict(render_shader(f"godot_{name}.j2", rule, decoder=decoder)) for name in _SHADERS}
    return files | shaders | {"README.txt": render("godot_readme.txt.j2", rule, name=bundle.name, decoder=decoder)}


def _strict(glsl: str) -> str:
    """GLSL as Godot takes it.

    An unsigned integer is shifted by an unsigned one, a matrix is square and made of columns, and no vector is made of
    integers and floats.
    """
    text = _VECTOR.sub(_floats, _SHIFT.sub(r"\g<0>u", glsl))
    return _MATRIX.sub(_columns, _COLOURS.sub(_square, text))


def _floats(vector: re.Match[str]) -> str:
    return re.sub(r"(?<=[(,])(\d+)(?=[,)])", r"\1.", vector[0]) if "." in vector[0] else vector[0]


def _square(matrix: re.Match[str]) -> str:
    """Three rows of numbers in columns, and a fourth of zeros."""
    numbers = matrix[1].split(",")
    columns = (",".join([*numbers[i : i + 3], "0"]) for i in range(0, 12, 3))
    return f"(mat4({','.join(columns)}) * h).rgb"


def _columns(matrix: re.Match[str]) -> str:
    numbers = matrix[0].split(",")
    return ",".join(f"vec4({','.join(numbers[i : i + 4])})" for i in range(0, 16, 4))


GODOT = Format("a folder with a scene for Godot 4", "-godot", folder(render_scene), marker="step.gdshader")
