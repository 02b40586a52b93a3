"""The formats that `nca export` writes, by name."""

from nca.export.formats.bundle import JSON
from nca.export.formats.checkpoint import CHECKPOINT
from nca.export.formats.element import ELEMENT
from nca.export.formats.embed import EMBED
from nca.export.formats.format import Format
from nca.export.formats.glsl import GLSL
from nca.export.formats.godot import GODOT
from nca.export.formats.html import HTML
from nca.export.formats.isf import ISF
from nca.export.formats.module import MODULE
from nca.export.formats.shadertoy import SHADERTOY
from nca.export.formats.stand_ins import GIF, PNG, WEBP

__all__ = ["FORMATS"]

FORMATS: dict[str, Format] = {
    "html": HTML,
    "embed": EMBED,
    "element": ELEMENT,
    "module": MODULE,
    "json": JSON,
    "glsl": GLSL,
    "shadertoy": SHADERTOY,
    "isf": ISF,
    "godot": GODOT,
    "png": PNG,
    "webp": WEBP,
    "gif": GIF,
    "checkpoint": CHECKPOINT,
}
