"""JSON of a stranger, parsed up to a depth that all code can walk; and values, cleaned for strict readers."""

import json
import math
import re
from typing import Any

__all__ = ["clean", "parse_json"]

DEEPEST = 64  # Python 3.11 ends at about 1,000, later versions at other depths or not at all

# A text up to its end, or a bracket. No part is tried twice, so the time is proportional to the length.
_MARKS = re.compile(r'"(?:[^"\\]++|\\.?)*+"?|[\[{]|[\]}]', re.DOTALL)


def parse_json(content: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError if it is no JSON, or nested more than 64 deep."""
    text = content if isinstance(content, str) else content.decode()
    depth = 0
    for mark in _MARKS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark[0], 0)
        if depth > DEEPEST:
            raise ValueError(f"nested too deeply, more than {DEEPEST} levels")
    return json.loads(text)


def clean(value: Any) -> Any:
    """A JSON value without what strict readers refuse: null for NaN and infinity, ? for half a surrogate pair."""
    if isinstance(value, dict):
        return {clean(key): clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean(each) for each in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return None if isinstance(value, float) and not math.isfinite(value) else value
