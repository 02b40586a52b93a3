"""Modules of the viewer in a tab without a page, to be held against their twins in Python."""

import re

from nca.export.js.modules import join_modules, needed, read_viewer
from nca.export.js.strip import bare_glsl

__all__ = ["call", "canonical_glsl"]


def call(tab, module, function, *arguments):
    """What a function of a module returns for JSON values; `error` is the message where it throws."""
    code = join_modules(*map(read_viewer, needed(module)))
    return tab.evaluate(
        f"""(values) => {{
            {code}
            try {{ return ({function})(...values); }} catch ({{ message }}) {{ return {{ error: message }}; }}
        }}""",
        arguments,
    )


def canonical_glsl(code: str) -> str:
    """A shader in the one form of all that differ from it only in comments, white space and how they write a number."""
    text = re.sub(r"\b\d+(?:\.\d*)?(?:e-?\d+)?\b", lambda number: repr(float(number[0])), bare_glsl(code))
    return re.sub(r"\bvec4\(([^(),]+)(?:,\1){3}\)", r"vec4(\1)", text)
