"""The run folder: training writes it, and everything else is made from it.

model.safetensors   the integer rule and its decoder, with format, configuration and training figures in its metadata
config.json         the configuration
log.jsonl           one line for every tenth optimisation step
target.png          the picture as it was trained on
previews/           the first states of the pool at each save
tracked.json        the name and the configuration of the run in experiment trackers, if there are any
life.json           whether the texture is stable, measured at the end of training
state.safetensors   the training state for resuming; may be deleted
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nca.errors import UserError
from nca.files import plain_text
from nca.jsontext import parse_json
from nca.reading import read_file
from nca.rule import decoder as decoders
from nca.rule.decoder import Decoder
from nca.rule.rule import DTYPES, FORMAT, Rule

__all__ = [
    "CONFIG",
    "LOG",
    "MODEL",
    "PICTURES",
    "STABILITY",
    "STATE",
    "TARGET",
    "TRACKED",
    "Run",
    "load_run",
    "model_bytes",
]

MODEL, CONFIG, LOG, TARGET, STATE = "model.safetensors", "config.json", "log.jsonl", "target.png", "state.safetensors"
STABILITY = "life.json"
TRACKED = "tracked.json"
PICTURES = "pictures.json"  # beside the runs of several pictures that were trained together
DECODER = "decoder."  # begins the names of its arrays
DECODER_FIELDS = ("grain", "skip", "detail")


@dataclass(frozen=True)
class Run:
    """A trained rule and its decoder. provenance: its picture, configuration, last optimisation step and versions."""

    name: str
    rule: Rule
    provenance: dict[str, Any] = field(default_factory=dict)
    decoder: Decoder | None = None


def model_bytes(rule: Rule, provenance: dict[str, Any], decoder: Decoder | None = None) -> bytes:
    """The content of model.safetensors."""
    from safetensors.numpy import save  # late, as it takes a while: `nca --help` needs the names of the files alone

    arrays = {name: values.astype(DTYPES[name]) for name, values in rule.arrays().items()}
    metadata = {"format": FORMAT, "update": str(rule.update), "provenance": json.dumps(provenance)}
    if decoder:
        arrays |= {DECODER + name: values.astype(decoders.DTYPES[name]) for name, values in decoder.arrays().items()}
        kept = {name: getattr(decoder, name) for name in DECODER_FIELDS}
        metadata |= {"format": decoders.FORMAT, "decoder": json.dumps(kept)}
    return save(arrays, metadata)


def load_run(folder: Path) -> Run:
    """Read a run folder. The run's name is the folder's, with spaces for underscores.

    Raises UserError if the folder is missing or damaged, or its rule breaks a bound.
    """
    from safetensors import SafetensorError

    path = folder / MODEL
    try:
        content = read_file(path)
    except FileNotFoundError:
        raise UserError(f"{folder} is not a run folder: expected {MODEL} in it, as nca train writes it") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    try:
        return _parse(_name(folder), content)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error!r}): expected a model of format {FORMAT}; train again") from None


def _name(folder: Path) -> str:
    name = plain_text(folder.resolve().name)
    return name.replace("_", " ").strip() or name


def _parse(name: str, content: bytes) -> Run:
    from safetensors.numpy import load

    arrays, metadata = load(content), _metadata(content)
    expected = {FORMAT: [*DTYPES], decoders.FORMAT: [*DTYPES, *(DECODER + name for name in decoders.DTYPES)]}
    names = expected.get(metadata.get("format", ""))
    if names is None:
        raise UserError(f"format is {metadata.get('format')!r}: expected {FORMAT!r} or {decoders.FORMAT!r}")
    if arrays.keys() != set(names):
        raise UserError(f"holds {sorted(arrays)}: expected {sorted(names)}")
    provenance = parse_json(metadata["provenance"])
    if not isinstance(provenance, dict):
        raise UserError(f"provenance is a {type(provenance).__name__}: expected an object")
    rule = Rule(**{name: arrays[name] for name in DTYPES}, update=int(metadata["update"]))
    return Run(name, rule, provenance, _decoder(arrays, metadata, rule.channels))


def _decoder(arrays: dict[str, Any], metadata: dict[str, str], channels: int) -> Decoder | None:
    if metadata["format"] == FORMAT:
        return None
    kept = parse_json(metadata["decoder"])
    arrays = {name: arrays[DECODER + name] for name in decoders.DTYPES}
    decoder = Decoder(**arrays, **{name: kept[name] for name in DECODER_FIELDS})
    if decoder.channels != channels:
        raise UserError(f"decoder of {decoder.channels} channels: expected {channels}, as the rule has")
    return decoder


def _metadata(content: bytes) -> dict[str, str]:
    """The metadata in a safetensors header; the library reads it from files only."""
    length = int.from_bytes(content[:8], "little")
    return dict(parse_json(content[8 : 8 + length]).get("__metadata__", {}))
