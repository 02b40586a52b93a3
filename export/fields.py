"""Fields of a bundle's JSON: arrays as base64 text, and checks with errors that name the fault."""

import base64
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError

__all__ = ["decode_arrays", "encode_arrays", "exactly", "shown", "within"]

_BASE64 = re.compile("[A-Za-z0-9+/]*={0,2}")  # with a length of a multiple of 4, as viewer/data/check.js has it


def encode_arrays(arrays: Mapping[str, NDArray[np.int64]], dtypes: Mapping[str, str]) -> dict[str, str]:
    """The bytes of each array as base64 text. dtypes: of the arrays, by name."""
    return {name: base64.b64encode(values.astype(dtypes[name]).tobytes()).decode() for name, values in arrays.items()}


def decode_arrays(
    texts: dict[str, Any], dtypes: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]], where: str = "weights"
) -> dict[str, NDArray[np.int64]]:
    """The arrays of base64 texts, which must be exactly those of dtypes. Raises UserError."""
    exactly(texts, tuple(dtypes), where)
    return {name: _decode(name, texts[name], dtype, shapes[name]) for name, dtype in dtypes.items()}


def exactly(fields: dict[str, Any], keys: Sequence[str], where: str) -> dict[str, Any]:
    """The fields, which must have exactly these keys. Raises UserError."""
    missing = [key for key in keys if key not in fields]
    unknown = [shown(key) for key in fields if key not in keys]
    if missing or unknown:
        found = f"no {', '.join(missing)}" if missing else f"unknown {', '.join(unknown[:3])}"
        raise UserError(f"{found} in its {where}, expected {', '.join(keys)}")
    return fields


def within(name: str, value: object, choices: Sequence[int], expected: str) -> None:
    """Raise UserError if a value is not a whole number among these."""
    if type(value) is not int or value not in choices:
        raise UserError(f"{name} is {shown(value)}, expected {expected}")


def shown(value: object) -> str:
    """A value of unknown size on one line of an error."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _decode(name: str, text: object, dtype: str, shape: tuple[int, ...]) -> NDArray[np.int64]:
    if not isinstance(text, str) or len(text) % 4 or not _BASE64.fullmatch(text):
        raise UserError(f"{name} is {shown(text)}, expected base64 text")
    data = base64.b64decode(text)
    expected = math.prod(shape) * np.dtype(dtype).itemsize
    if len(data) != expected:
        raise UserError(f"{name} has {len(data)} bytes, expected {expected}: {dtype} values of shape {shape}")
    return np.frombuffer(data, dtype).reshape(shape).astype(np.int64)
