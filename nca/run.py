"""The run folder: what training leaves behind and everything else is made from.

model.safetensors   the integer rule; format, configuration and training figures in its metadata
config.json         the configuration
log.jsonl           a line a log step
target.png          the picture, as trained on
previews/           the pool's first states over time
life.json           whether the texture lasts, measured at the end of training
state.safetensors   all that resuming needs; may be deleted
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from nca.errors import UserError
from nca.files import plain_text
from nca.rule import FORMAT, Rule

__all__ = ["CONFIG", "LIFE", "LOG", "MODEL", "STATE", "TARGET", "Run", "load_run", "model_bytes"]

MODEL, CONFIG, LOG, TARGET, STATE = "model.safetensors", "config.json", "log.jsonl", "target.png", "state.safetensors"
LIFE = "life.json"
ARRAYS = {"w1": np.int8, "b1": np.int32, "k1": np.uint8, "w2": np.int8, "k2": np.uint8}


@dataclass(frozen=True)
class Run:
    """A trained rule and where it comes from: picture, configuration, steps, seconds, style loss, versions."""

    name: str
    rule: Rule
    provenance: dict[str, Any] = field(default_factory=dict)


def model_bytes(rule: Rule, provenance: dict[str, Any]) -> bytes:
    """The content of model.safetensors."""
    arrays = {name: getattr(rule, name).astype(kind) for name, kind in ARRAYS.items()}
    metadata = {"format": FORMAT, "update": str(rule.update), "provenance": json.dumps(provenance)}
    return save(arrays, metadata)


def load_run(folder: Path) -> Run:
    """Read a run folder; its name has spaces for underscores.

    Raises UserError where it is missing or damaged, or its rule breaks a bound.
    """
    path = folder / MODEL
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{folder} is not a run folder: expected {MODEL} in it, as nca train writes it") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    try:
        return _parse(_name(folder), content)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({error!r}): expected a model of format {FORMAT}; train again") from None


def _name(folder: Path) -> str:
    name = plain_text(folder.resolve().name)
    return name.replace("_", " ").strip() or name


def _parse(name: str, content: bytes) -> Run:
    arrays, metadata = load(content), _metadata(content)
    if metadata.get("format") != FORMAT:
        raise UserError(f"format is {metadata.get('format')!r}: expected {FORMAT!r}")
    if arrays.keys() != ARRAYS.keys():
        raise UserError(f"holds {sorted(arrays)}: expected {sorted(ARRAYS)}")
    provenance = json.loads(metadata["provenance"])
    if not isinstance(provenance, dict):
        raise UserError(f"provenance is a {type(provenance).__name__}: expected an object")
    return Run(name, Rule(**arrays, update=int(metadata["update"])), provenance)


def _metadata(content: bytes) -> dict[str, str]:
    """The safetensors header's metadata; the library hands it out for files only."""
    length = int.from_bytes(content[:8], "little")
    return dict(json.loads(content[8 : 8 + length]).get("__metadata__", {}))
