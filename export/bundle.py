"""The bundle `NAME.nca.json`: a rule, its shaders and where it came from, in one file for page, viewer and own code."""

import base64
import binascii
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError
from nca.export.shaders import PASSES, render_shaders
from nca.rule import CHANNELS, FORMAT, MAX_HIDDEN, UPDATE_ALWAYS, Rule

__all__ = ["TYPES", "Bundle", "load_bundle", "parse_fields", "shown"]

# name -> type of the bytes, little-endian on every machine
_ARRAYS = {"w1": "<i1", "b1": "<i4", "k1": "<u1", "w2": "<i1", "k2": "<u1"}
TYPES: dict[str, type] = {
    "format": str,
    "name": str,
    "channels": int,
    "hidden": int,
    "update": int,
    "weights": dict,
    "shaders": dict,
    "provenance": dict,
}
_NAMES = {str: "text", int: "a whole number", dict: "an object"}


@dataclass(frozen=True, eq=False)
class Bundle:
    """One exported texture.

    name: shown to people; any text.
    rule: the automaton.
    shaders: GLSL ES 3.00 by pass: vertex, step, brush, display.
    provenance: what it was trained on and how; anything that JSON holds.
    """

    name: str
    rule: Rule
    shaders: dict[str, str]
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, rule: Rule, name: str, provenance: dict[str, Any] | None = None) -> "Bundle":
        """A rule with freshly rendered shaders."""
        return cls(name, rule, render_shaders(rule), provenance or {})

    def fields(self) -> dict[str, Any]:
        """What the file holds, as plain JSON values in the file's order."""
        rule = self.rule
        return {
            "format": FORMAT,
            "name": self.name,
            "channels": rule.channels,
            "hidden": rule.hidden,
            "update": rule.update,
            "weights": {name: _encode(getattr(rule, name), dtype) for name, dtype in _ARRAYS.items()},
            "shaders": self.shaders,
            "provenance": self.provenance,
        }

    def to_json(self) -> str:
        """The text of the bundle file."""
        return json.dumps(self.fields(), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Bundle":
        """Read a bundle file's text.

        Raises UserError that says what is wrong with it and what was expected.
        """
        fields = parse_fields(text, TYPES)
        weights = _exactly(fields["weights"], tuple(_ARRAYS), "weights")
        C, H = fields["channels"], fields["hidden"]
        shapes = {"w1": (H, 4 * C), "b1": (H,), "k1": (H,), "w2": (C, H), "k2": (C,)}
        arrays = {name: _decode(name, weights[name], dtype, shapes[name]) for name, dtype in _ARRAYS.items()}
        rule = Rule(**arrays, update=fields["update"])
        return cls(fields["name"], rule, fields["shaders"], fields["provenance"])


def load_bundle(path: Path) -> Bundle:
    """Read a bundle file.

    Raises UserError that names the file and what is wrong with it.
    """
    try:
        return Bundle.from_json(path.read_bytes().decode())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text at byte {error.start}, expected a {FORMAT} bundle") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def parse_fields(text: str, types: dict[str, type]) -> dict[str, Any]:
    """Parse a bundle's JSON and check that it has exactly these keys and types, and sizes that can be.

    Raises UserError.
    """
    try:
        fields = json.loads(text)
        json.dumps(fields, ensure_ascii=False, allow_nan=False).encode()  # half a surrogate pair, NaN: no such text
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UserError(f"not JSON ({reason}), expected a {FORMAT} bundle") from error
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        found = fields.get("format") if isinstance(fields, dict) else fields
        raise UserError(f"format is {shown(found)}, expected {FORMAT!r}")
    for key, value in _exactly(fields, tuple(types), "bundle").items():
        if type(value) is not types[key]:
            raise UserError(f"{key} is {shown(value)}, expected {_NAMES[types[key]]}")
    _check_sizes(fields)
    _check_shaders(fields["shaders"])
    return fields


def shown(value: object) -> str:
    """A value of unknown size on one line of an error."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _check_sizes(fields: dict[str, Any]) -> None:
    if fields["channels"] not in CHANNELS:
        raise UserError(f"channels is {shown(fields['channels'])}, expected one of {CHANNELS}")
    if fields["hidden"] not in range(4, MAX_HIDDEN + 1, 4):
        raise UserError(f"hidden is {shown(fields['hidden'])}, expected a multiple of 4 from 4 to {MAX_HIDDEN}")
    if fields["update"] not in range(1, UPDATE_ALWAYS + 1):
        raise UserError(f"update is {shown(fields['update'])}, expected 1 to {UPDATE_ALWAYS}")


def _check_shaders(shaders: dict[str, Any]) -> None:
    for name, source in _exactly(shaders, tuple(PASSES), "shaders").items():
        if not isinstance(source, str) or not source:
            raise UserError(f"{name} shader is {shown(source)}, expected GLSL text")


def _exactly(fields: dict[str, Any], keys: tuple[str, ...], where: str) -> dict[str, Any]:
    missing = [key for key in keys if key not in fields]
    unknown = [shown(key) for key in fields if key not in keys]
    if missing or unknown:
        found = f"no {', '.join(missing)}" if missing else f"unknown {', '.join(unknown[:3])}"
        raise UserError(f"{found} in its {where}, expected {', '.join(keys)}")
    return fields


def _encode(values: NDArray[np.int64], dtype: str) -> str:
    return base64.b64encode(values.astype(dtype).tobytes()).decode()


def _decode(name: str, text: object, dtype: str, shape: tuple[int, ...]) -> NDArray[np.int64]:
    if not isinstance(text, str):
        raise UserError(f"{name} is {shown(text)}, expected base64 text")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserError(f"{name} is not base64 ({error}), expected {dtype} values") from error
    expected = math.prod(shape) * np.dtype(dtype).itemsize
    if len(data) != expected:
        raise UserError(f"{name} has {len(data)} bytes, expected {expected}: {dtype} values of shape {shape}")
    return np.frombuffer(data, dtype).reshape(shape).astype(np.int64)
