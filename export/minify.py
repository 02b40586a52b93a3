"""Smaller JavaScript: no comments, no spaces, short names for variables and private members.

For the project's own modules, as Prettier formats them: semicolons everywhere, templates that insert no braces.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from string import ascii_letters

__all__ = ["minify"]

_TOKEN = re.compile(
    r"""
    (?P<gap>(?:\s|/\*[\s\S]*?\*/|//.*)+)
  | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<template>`(?:[^`\\]|\\.)*`)
  | (?P<regex>(?:(?<=[(!])|(?<=[=(,:!&|?]\s))/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*)
  | (?P<number>\d[\w.]*)
  | (?P<private>\#\w+)
  | (?P<name>[A-Za-z_$][\w$]*)
  | (?P<mark>=>|\+\+|--|\.{3}|\?\.|\?\?=?|&&=?|\|\|=?|[^\s\w"'`\\])
    """,
    re.VERBOSE,
)
_WORDS = frozenset(
    "async await break case catch class const continue default delete do else export extends false finally for from"
    " function get if import in instanceof let new null of return set static super switch this throw true try typeof"
    " void while yield".split()
)
_DECLARING = frozenset("catch class const function let".split())
_BEFORE_BLOCK = frozenset("catch for if switch while".split())  # and their parentheses
_BEFORE_OBJECT = frozenset("( [ , = : ? && || ?? &&= ||= ??= ... const let return".split())
_BEFORE_KEY = frozenset("{ , async get set".split())
_BEFORE_MEMBER = frozenset("{ } ; async get set static".split())


@dataclass
class _Token:
    """A piece of code.

    kind: a group of _TOKEN; "both" for the x in {x}, which is {x: x}; "key" for a property's name.
    unit: the member of a class, or else the statement of the module, that it is in.
    outer: in no brackets but a class's.
    end: of a bracket that opens, the index of the one that closes.
    """

    kind: str
    text: str
    unit: int = 0
    outer: bool = False
    end: int | None = None


def minify(code: str) -> str:
    """The same module, smaller: exports, properties and globals keep their names.

    Raises ValueError where the code is not of the kind that this understands.
    """
    tokens = list(_split(code))
    _understand(tokens)
    private = Counter(token.text for token in tokens if token.kind == "private")
    letters = dict(zip((name for name, _ in private.most_common()), _letters(), strict=False))
    shorter = _shorten(tokens) | {name: f"#{letter}" for name, letter in letters.items()}
    return _join(tokens, shorter)


def _split(code: str) -> Iterator[_Token]:
    """All tokens without the gaps between them; a template as its texts, and the tokens of what it inserts."""
    at = 0
    while at < len(code):
        found = _TOKEN.match(code, at)
        if not found:
            raise ValueError(f"cannot minify: {code[at : at + 40]}")
        at = found.end()
        if found["template"]:
            for index, part in enumerate(re.split(r"(?<=\$\{)([^{}]*)(?=\})", found[0])):
                yield from _split(part) if index % 2 else [_Token("template", part)]
        elif found.lastgroup and not found["gap"]:
            yield _Token(found.lastgroup, found[0])


def _understand(tokens: list[_Token]) -> None:
    """Tell variables from properties, and what is in which unit."""
    around: list[tuple[str, _Token]] = []
    unit, heading = 0, False
    edge = _Token("mark", "")
    for index, (before, token, after) in enumerate(zip([edge, *tokens], tokens, [*tokens[1:], edge], strict=False)):
        inside = around[-1][0] if around else ""
        token.kind = _kind(before, token, after, inside)
        token.outer = all(kind == "class" for kind, _ in around)
        token.unit = unit
        heading |= token.kind == "word" and token.text == "class"
        if token.kind == "mark" and token.text in "([{":
            what = token.text if token.text != "{" else _braces(before, heading)
            heading &= what != "class"
            around.append((what, token))
        elif token.kind == "mark" and token.text in ")]}":
            around.pop()[1].end = index
        if token.kind == "mark" and token.text in "{};" and all(kind == "class" for kind, _ in around):
            unit += 1


def _kind(before: _Token, token: _Token, after: _Token, inside: str) -> str:
    if token.kind != "name":
        return token.kind
    if before.text in (".", "?."):
        return "key"
    if token.text in _WORDS:
        return "word"
    if inside == "object" and before.text in _BEFORE_KEY:
        if before.text in ("{", ",") and after.text in (",", "}", "="):
            return "both"
        if after.text in (":", "("):
            return "key"
    member = inside == "class" and before.text in _BEFORE_MEMBER and after.text in ("(", "=", ";")
    return "key" if member else "name"


def _braces(before: _Token, heading: bool) -> str:
    if heading:
        return "class"
    return "object" if before.text in _BEFORE_OBJECT else "block"


def _shorten(tokens: list[_Token]) -> dict[str, str]:
    """A short name for each variable that is declared wherever it is used; variables that meet in no unit may share it."""
    used = defaultdict(set)
    for token in tokens:
        if token.kind in ("name", "both"):
            used[token.unit].add(token.text)
    declared, own = _declared(tokens)
    kept = _exported(tokens)
    scopes = [*used.values(), own]
    counts = Counter(token.text for token in tokens if token.kind in ("name", "both"))
    shorter: dict[str, str] = {}
    for name, _ in counts.most_common():
        known = name in own or all(name in declared[unit] for unit, names in used.items() if name in names)
        if not known or name in kept:
            continue
        others = set().union(*(scope for scope in scopes if name in scope)) - {name}
        taken = {shorter.get(other, other) for other in others}
        shorter[name] = next(letter for letter in _letters() if letter not in taken)
    return shorter


def _declared(tokens: list[_Token]) -> tuple[dict[int, set[str]], set[str]]:
    """The names that each unit declares, and those that the module itself does."""
    declared: dict[int, set[str]] = defaultdict(set)
    own: set[str] = set()
    for index, token in enumerate(tokens):
        start = index + 1 if token.kind == "word" and token.text in _DECLARING else index
        if start == index and not _takes_parameters(tokens, index):
            continue
        stop = tokens[start].end or start
        names = {each.text for each in tokens[start : stop + 1] if each.kind in ("name", "both")}
        declared[token.unit] |= names
        if token.outer and start > index:
            own |= names
    return declared, own


def _takes_parameters(tokens: list[_Token], index: int) -> bool:
    """Whether this is the parenthesis before a function's body."""
    end = tokens[index].end
    if tokens[index].text != "(" or end is None:
        return False
    after = tokens[end + 1].text
    return after == "=>" or (after == "{" and tokens[index - 1].text not in _BEFORE_BLOCK)


def _exported(tokens: list[_Token]) -> set[str]:
    """The first name after each export."""
    starts = [index for index, token in enumerate(tokens) if token.text == "export"]
    return {next(token.text for token in tokens[start:] if token.kind == "name") for start in starts}


def _letters() -> Iterator[str]:
    """A to ZZ."""
    for length in (1, 2):
        yield from (name for name in map("".join, product(ascii_letters, repeat=length)) if name not in _WORDS)


def _join(tokens: list[_Token], shorter: dict[str, str]) -> str:
    code = ""
    for token in tokens:
        text = token.text if token.kind == "key" else shorter.get(token.text, token.text)
        if token.kind == "both" and text != token.text:
            text = f"{token.text}:{text}"
        if (token.kind, code[-1:] + text) in (("mark", ";}"), ("mark", ",)")):
            code = code[:-1]
        words = re.search(r"[\w$]$", code) and re.match(r"[\w$#]", text)
        code += f" {text}" if words or (text[0] in "+-" and code.endswith(text[0])) else text
    return code
