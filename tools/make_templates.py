"""Writes viewer/data/templates.js from shaders/: `python tools/make_templates.py`, after each change of a shader.

The element and the module make the shaders of every texture from it: marks stand for a rule's numbers, loops for its
sizes. Names are short, comments and the parts for painted fields are left out, because every visitor downloads it.
"""

from pathlib import Path

import numpy as np

from nca.export.embedded import embed_shaders
from nca.export.js.strip import plain_glsl, short_glsl
from nca.export.shaders import DECODE, PASSES, render
from nca.rule.rule import Rule

FILE = Path(__file__).parent.parent / "viewer" / "data" / "templates.js"
ANY = Rule(*(np.ones(shape, int) for shape in Rule.shapes(4, 4).values()))  # the texts are the same for all rules


def text() -> str:
    """The whole module."""
    shaders = short_glsl(embed_shaders(plain_glsl(render(template, ANY)) for template in (*PASSES.values(), DECODE)))
    return f"""/** The shaders of all textures. `python tools/make_templates.py` writes this file from shaders/. */

/** With marks in place of numbers, in the order that `complete` takes. */
export const TEMPLATES = `{shaders}`;
"""


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
