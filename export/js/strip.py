"""Smaller CSS and GLSL for pages: comments and white space are a quarter of them, after gzip too."""

import re
from collections import Counter
from string import ascii_letters

__all__ = ["bare_css", "bare_glsl", "plain_glsl", "short_glsl"]


def bare_css(code: str) -> str:
    """CSS without comments and indentation."""
    return re.sub(r"^\s+", "", re.sub(r"/\*[\s\S]*?\*/", "", code), flags=re.MULTILINE)


def bare_glsl(code: str) -> str:
    """A shader without comments and needless white space; lines that begin with # stay lines."""
    lines = (" ".join(re.sub(r"//.*", "", line).split()) for line in code.splitlines())
    text = "".join(f"\n{line}\n" if line.startswith("#") else f"{line} " for line in lines if line)
    text = re.sub(r"\n+", "\n", text).lstrip()  # #version has to be at the very beginning
    text = re.sub(r" ?([{}();,=*<>?:&|]) ?", r"\1", text)
    text = re.sub(r" ([-+/%^])=", r"\1=", text)
    return re.sub(r"(?<=[\w.)\]@]) ?([-+/%^]) (?=[\w.(@])", r"\1", text)  # where + and - cannot meet themselves


def short_glsl(code: str) -> str:
    """Bare shaders with one-letter names for functions and variables; the runtime knows uniforms by their names."""
    declared = re.findall(r"(?<!uniform )\b(?:void|bool|u?int|float|[iu]?vec[234]) (\w\w+)", code)
    names = [name for name, _ in Counter(declared).most_common() if name != "main"]
    free = [letter for letter in ascii_letters if letter not in set(re.findall(r"\w+", code))]
    short = dict(zip(names, free, strict=False))
    return re.sub(r"@(?:for|end)\(\w+\)|@\w+@|\w+", lambda word: short.get(word[0], word[0]), code)


def plain_glsl(code: str) -> str:
    """A shader without the parts that only pages with painted fields use."""
    return re.sub(r"#ifdef PAINTED\n.*?#endif\n", "", code, flags=re.DOTALL)
