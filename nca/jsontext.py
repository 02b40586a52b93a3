"""JSON of a stranger, parsed up to a depth that all code can walk; and values, cleaned for strict readers."""

import json
import math
import re
from typing import Any

__all__ = ["DEEPEST", "clean", "fault", "parse_json", "parse_strict"]

DEEPEST = 64  # Python 3.11 ends at about 1,000, later versions at other depths or not at all

# A text up to its end, or a bracket. No part is tried twice, so the time is proportional to the length.
_MARKS = re.compile(r'"(?:[^"\\]++|\\.?)*+"?|[\[{]|[\]}]', re.DOTALL)


class _TooDeepError(ValueError):
    """A text that is nested too deeply. It may be JSON."""


def parse_json(content: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError if it is no JSON, or nested more than 64 deep.

    Bytes may begin with a byte order mark, which editors on Windows write.
    """
    text = _text(content)
    _check_depth(text, DEEPEST)
    return json.loads(text)


def parse_strict(content: str | bytes, deepest: int = DEEPEST) -> Any:
    """The value of a JSON text as browsers read it.

    NaN and infinity are no JSON. A number beyond the range of floats is None: a page saves it as null.

    Raises ValueError, which `fault` explains.
    """
    text = _text(content)
    _check_depth(text, deepest)
    return json.loads(text, parse_int=_whole, parse_float=_float, parse_constant=_refuse)


def fault(error: ValueError) -> str:
    """What is wrong with a text that was not parsed, in a few words."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text at byte {error.start}"
    return str(error) if isinstance(error, _TooDeepError) else f"not JSON ({error})"


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode("utf-8-sig")


def _check_depth(text: str, deepest: int) -> None:
    depth = 0
    for mark in _MARKS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark[0], 0)
        if depth > deepest:
            raise _TooDeepError(f"nested too deeply, more than {deepest} levels")


def _float(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _whole(digits: str) -> int | None:
    return None if _float(digits) is None else int(digits)  # int() refuses more than 4,300 digits


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def clean(value: Any) -> Any:
    """A JSON value without what strict readers refuse: null for NaN and infinity, ? for half a surrogate pair."""
    if isinstance(value, dict):
        return {clean(key): clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean(each) for each in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return None if isinstance(value, float) and not math.isfinite(value) else value
