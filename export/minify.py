"""Code as a page carries it: comments and white space would be a quarter of it, after gzip too."""

import re

import rjsmin

__all__ = ["bare_css", "bare_glsl", "bare_javascript"]


def bare_javascript(code: str) -> str:
    """JavaScript without comments and needless white space."""
    return str(rjsmin.jsmin(code))


def bare_css(code: str) -> str:
    """CSS without comments and indentation."""
    return re.sub(r"^\s+", "", re.sub(r"/\*[\s\S]*?\*/", "", code), flags=re.MULTILINE)


def bare_glsl(code: str) -> str:
    """A shader without comments and needless white space; lines that begin with # stay lines."""
    lines = (re.sub(r"//.*", "", line).strip() for line in code.splitlines())
    text = "".join(f"{line}\n" if line.startswith("#") else f"{line} " for line in lines if line)
    return re.sub(r" *([{}();,=*<>?:&|]) *", r"\1", text)  # not + and -, which may meet themselves
