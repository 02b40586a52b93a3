"""Smaller JavaScript: no comments, no spaces, short names for variables and private members.

For the project's own modules, as Prettier formats them: semicolons everywhere, templates that insert no braces.
PyPI's minifiers shorten no names (rjsmin, minify-html), or lack wheels for machines that torch has (tdewolff-minify,
esbuild-py); short names are what brings the element and the smallest page below 6 KB.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import product
from string import ascii_letters

from nca.export.js.constants import numbers_for_constants

__all__ = ["minify"]

_TOKEN = re.compile(
    r"""
    (?P<gap>(?:\s|/\*[\s\S]*?\*/|//.*)+)
  | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<template>`(?:[^`\\]|\\.)*`)
  | (?P<regex>(?:(?<=[(!])|(?<=[=(,:!&|?]\s)|(?<=return\s))/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*)
  | (?P<number>\d[\w.]*)
  | (?P<private>\#\w+|_[a-z]\w*)
  | (?P<word>(?:async|await|break|case|catch|class|const|continue|default|delete|do|else|export|extends|false|finally
      |for|from|function|get|if|import|in|instanceof|let|new|null|of|return|set|static|super|switch|this|throw|true|try
      |typeof|void|while|yield)(?![\w$]))
  | (?P<name>[A-Za-z_$][\w$]*)
  | (?P<mark>=>|\+\+|--|\.{3}|\?\.|\?\?=?|&&=?|\|\|=?|[^\s\w"'`\\])
    """,
    re.VERBOSE,
)
# A cast for the type checker around a name, its members and calls needs no parentheses.
_CAST = re.compile(
    r"/\*\* @type \{[^}\n]*\}+ \*/ \(((?:[\w$#.?]|\((?:[^()\n]|\([^()\n]*\))*\)|\[[^\][\n]*\])+)\)(?! =>)"
)
_SHORT_WORDS = ("do", "if", "in", "of")
_SHORTER_WORDS = {"const": "let", "false": "!1", "true": "!0"}  # nothing assigns to a const, so let means the same
_DECLARING = ("class", "const", "function", "let")
_BEFORE_OBJECT = ("(", "[", ",", "=", ":", "?", "&&", "||", "??", "&&=", "||=", "??=", "...", "const", "let", "return")
_BEFORE_KEY = ("{", ",", "async", "get", "set")
_BEFORE_MEMBER = ("{", "}", ";", "async", "get", "set", "static")


@dataclass
class _Token:
    """A piece of code.

    kind: a group of _TOKEN; "key" for a name that is a property's, "both" for the x in {x}, which is {x: x}.
    unit: of a private name, its class; of others, the member of a class or the statement of the module around them.
    outer: in no brackets but those of a class.
    end: of a bracket that opens, the index of the one that closes.
    """

    kind: str
    text: str
    unit: int = 0
    outer: bool = False
    end: int = -1


def minify(code: str) -> str:
    """The same module, smaller. Exports, properties and globals keep their names, but WebGL's constants become numbers.

    Raises ValueError where it does not understand the code.
    """
    tokens = list(_split(numbers_for_constants(_CAST.sub(r"\1", code))))
    _understand(tokens)
    shorter = _variables(tokens) | _private(tokens)
    return _join(list(_declared_together(tokens)), shorter)


def _split(code: str) -> Iterator[_Token]:
    """All tokens without the gaps between them. A template gives its texts, and the tokens of what it inserts."""
    at = 0
    while at < len(code):
        found = _TOKEN.match(code, at)
        if not found or not found.lastgroup:
            raise ValueError(f"cannot minify: {code[at : at + 40]}")
        at = found.end()
        if found["template"]:
            parts = re.split(r"(?<=\$\{)([^{}]*)(?=\})", found[0])
            if found[0].count("${") > len(parts) // 2:
                raise ValueError(f"cannot minify a template that inserts braces or another template: {found[0]}")
            for index, part in enumerate(parts):
                yield from _split(part) if index % 2 else [_Token("template", part)]
        elif not found["gap"]:
            yield _Token(found.lastgroup, found[0])


def _understand(tokens: list[_Token]) -> None:
    """Set each token's kind, unit and place: variables are told from properties."""
    around: list[tuple[str, _Token]] = []
    units, classes, heading = 0, 0, False
    edge = _Token("mark", "")
    for index, (before, token, after) in enumerate(zip([edge, *tokens], tokens, [*tokens[1:], edge], strict=False)):
        token.kind = _kind(before, token, after, around[-1][0] if around else "")
        token.unit = classes if token.kind == "private" else units
        token.outer = all(what == "class" for what, _ in around)
        heading |= token.kind == "word" and token.text == "class"
        if token.kind == "mark" and token.text in "([{":
            what = _bracket(before, token, heading)
            around.append((what, token))
            if what == "class":
                classes, heading = classes + 1, False
        elif token.kind == "mark" and token.text in ")]}":
            around.pop()[1].end = index
        if token.kind == "mark" and token.text in "{};" and all(what == "class" for what, _ in around):
            units += 1


def _kind(before: _Token, token: _Token, after: _Token, inside: str) -> str:
    if token.kind in ("name", "word") and before.text in (".", "?."):
        return "key"
    if token.kind == "private" and inside == "object" and before.text in _BEFORE_KEY and after.text in (":", "("):
        return "key"  # a name that others know, such as a notebook's
    if token.kind != "name":
        return token.kind
    if inside == "object" and before.text in ("{", ",") and after.text in (",", "}", "="):
        return "both"
    key = inside == "object" and before.text in _BEFORE_KEY and after.text in (":", "(")
    member = inside == "class" and before.text in _BEFORE_MEMBER and after.text in ("(", "=", ";")
    return "key" if key or member else "name"


def _bracket(before: _Token, token: _Token, heading: bool) -> str:
    if token.text != "{":
        return token.text
    if heading:
        return "class"
    return "object" if before.text in _BEFORE_OBJECT else "block"


def _variables(tokens: list[_Token]) -> dict[str, str]:
    """Short names for the variables that are declared wherever they are used, and not exported."""
    found = [token for token in tokens if token.kind in ("name", "both")]
    used = _by_unit(found)
    declared, own = _declared(tokens)
    known = {
        name
        for name in {token.text for token in found} - _exported(tokens)
        if name in own or all(name in declared[unit] for unit, names in used.items() if name in names)
    }
    return _shorten(found, known, [*used.values(), own])


def _private(tokens: list[_Token]) -> dict[str, str]:
    """Short names for private members: #names anew in each class, _names alike in all."""
    shorter: dict[str, str] = {}
    for mark in "#_":
        found = [token for token in tokens if token.kind == "private" and token.text[0] == mark]
        names = {token.text for token in found}
        scopes = _by_unit(found).values() if mark == "#" else [names]
        shorter |= {name: mark + short for name, short in _shorten(found, names, scopes).items()}
    return shorter


def _by_unit(tokens: list[_Token]) -> dict[int, set[str]]:
    names = defaultdict(set)
    for token in tokens:
        names[token.unit].add(token.text)
    return names


def _shorten(tokens: list[_Token], names: set[str], scopes: Collection[set[str]]) -> dict[str, str]:
    """A short name for each of these, frequent names first. Names that share no scope may get the same one."""
    shorter: dict[str, str] = {}
    for name, _ in Counter(token.text for token in tokens if token.text in names).most_common():
        others = set().union(*(scope for scope in scopes if name in scope)) - {name}
        taken = {shorter.get(other, other) for other in others}
        shorter[name] = next(letters for letters in _letters() if letters not in taken)
    return shorter


def _declared(tokens: list[_Token]) -> tuple[dict[int, set[str]], set[str]]:
    """The names that each unit declares, and the names that the module itself declares."""
    declared: dict[int, set[str]] = defaultdict(set)
    own: set[str] = set()
    for index, token in enumerate(tokens):
        declaring = token.kind == "word" and token.text in _DECLARING
        if not declaring and not _holds_parameters(tokens, index):
            continue
        start = index + declaring
        span = tokens[start : max(start, tokens[start].end) + 1]
        names = {each.text for each in span if each.kind in ("name", "both")}
        declared[token.unit] |= names
        if declaring and token.outer:
            own |= names
    return declared, own


def _holds_parameters(tokens: list[_Token], index: int) -> bool:
    """Whether this is the parenthesis before a function's body, or a caught error's."""
    token = tokens[index]
    if token.text != "(" or token.end < 0:
        return False
    after = tokens[token.end + 1].text
    return after == "=>" or (after == "{" and tokens[index - 1].text not in ("for", "if", "switch", "while"))


def _exported(tokens: list[_Token]) -> set[str]:
    """The first name after each export."""
    starts = [index for index, token in enumerate(tokens) if token.text == "export"]
    return {next(token.text for token in tokens[start:] if token.kind == "name") for start in starts}


def _letters() -> Iterator[str]:
    """From a to ZZ."""
    for length in (1, 2):
        yield from (name for name in map("".join, product(ascii_letters, repeat=length)) if name not in _SHORT_WORDS)


def _declared_together(tokens: list[_Token]) -> Iterator[_Token]:
    """The tokens with one `let` for declarations that follow each other: "let a = 1, b = 2;"."""
    declaring = [False]  # whether the statement declares, in each open bracket
    follows = False
    for before, token, after in zip([_Token("", ""), *tokens], tokens, [*tokens[1:], _Token("", "")], strict=False):
        declares = token.kind == "word" and token.text in ("const", "let")
        if declares and follows:
            follows = False
            continue
        if token.kind == "mark" and token.text in "([{":
            declaring.append(False)
        elif token.kind == "mark" and token.text in ")]}":
            declaring.pop()
        elif declares:
            declaring[-1] = before.text != "export"
        elif token.text == ";":
            follows = declaring[-1] and after.kind == "word" and after.text in ("const", "let")
            declaring[-1] = follows
        yield _Token("mark", ",") if token.text == ";" and follows else token


def _join(tokens: list[_Token], shorter: dict[str, str]) -> str:
    pieces = [""]
    for token in tokens:
        text = token.text if token.kind == "key" else shorter.get(token.text, token.text)
        if token.kind == "word":
            text = _SHORTER_WORDS.get(text, text)
        if token.kind == "both" and text != token.text:
            text = f"{token.text}:{text}"
        last = pieces[-1][-1:]
        if token.kind == "mark" and last + text in (";}", ",)", ",}"):
            pieces[-1] = pieces[-1][:-1]
        words = re.match(r"[\w$]", last) and re.match(r"[\w$#]", text)
        pieces.append(f" {text}" if words or (last == text[0] and last in "+-") else text)
    return "".join(pieces)
