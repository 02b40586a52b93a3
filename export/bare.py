"""CSS and GLSL as a page carries them: comments and white space would be a quarter of them, after gzip too."""

import re

__all__ = ["bare_css", "bare_glsl", "plain_glsl"]


def bare_css(code: str) -> str:
    """CSS without comments and indentation."""
    return re.sub(r"^\s+", "", re.sub(r"/\*[\s\S]*?\*/", "", code), flags=re.MULTILINE)


def bare_glsl(code: str) -> str:
    """A shader without comments and needless white space; lines that begin with # stay lines."""
    lines = (re.sub(r"//.*", "", line).strip() for line in code.splitlines())
    text = "".join(f"\n{line}\n" if line.startswith("#") else f"{line} " for line in lines if line)
    text = re.sub(r"\n+", "\n", text).lstrip()  # #version stands at the very beginning
    return re.sub(r" *([{}();,=*<>?:&|]) *", r"\1", text)  # not + and -, which may meet themselves


def plain_glsl(code: str) -> str:
    """A shader without what only pages that paint define."""
    return re.sub(r"#ifdef PAINTED\n.*?#endif\n", "", code, flags=re.DOTALL)
