"""The bundle `NAME.nca.json`: one file with a rule, its decoder if it has one, and its provenance."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from nca.errors import UserError
from nca.export.decoder_fields import decoder_fields, decoder_of
from nca.export.fields import decode_arrays, encode_arrays, exactly, shown, within
from nca.export.shaders import render_shaders
from nca.jsontext import clean, fault, parse_strict
from nca.reading import read_file
from nca.rule.decoder import FORMAT as DECODED
from nca.rule.decoder import Decoder
from nca.rule.rule import CHANNELS, DTYPES, FORMAT, MAX_HIDDEN, UPDATE_ALWAYS, Rule

__all__ = ["PROOF", "TYPES", "Bundle", "load_bundle", "parse_fields"]

TYPES: dict[str, type] = {
    "format": str,
    "name": str,
    "channels": int,
    "hidden": int,
    "update": int,
    "weights": dict,
    "decoder": dict,  # in nca-fixed-2 alone
    "provenance": dict,
}
PROOF = "proof"  # the part of a provenance that is made anew at each export: nca.export.proof
_NAMES = {str: "text", int: "a whole number", dict: "an object"}


@dataclass(frozen=True, eq=False)
class Bundle:
    """One exported texture.

    name: shown to people; any text.
    rule: the automaton.
    provenance: the picture, the configuration and the figures of its training; anything that JSON holds.
    decoder: paints several pixels for each cell, from as many channels as the rule has; None shows a cell as a pixel.

    Raises UserError if the decoder has another number of channels.
    """

    name: str
    rule: Rule
    provenance: dict[str, Any] = field(default_factory=dict)
    decoder: Decoder | None = None

    def __post_init__(self) -> None:
        """Refuse a decoder of another rule."""
        if self.decoder and self.decoder.channels != self.rule.channels:
            found, expected = self.decoder.channels, self.rule.channels
            raise UserError(f"decoder of {found} channels: expected {expected}, as the rule has")

    @classmethod
    def of(
        cls, rule: Rule, name: str, provenance: dict[str, Any] | None = None, decoder: Decoder | None = None
    ) -> "Bundle":
        """The bundle of a rule."""
        return cls(name, rule, provenance or {}, decoder)

    @property
    def format(self) -> str:
        """nca-fixed-2 with a decoder, else nca-fixed-1."""
        return DECODED if self.decoder else FORMAT

    @property
    def detail(self) -> int:
        """The pixels of a cell, across and down, in pictures for which no other number is chosen."""
        return self.decoder.detail if self.decoder else 1

    @property
    def fingerprint(self) -> str:
        """Hexadecimal digits that identify the rule and its decoder."""
        return self.rule.fingerprint + (self.decoder.fingerprint if self.decoder else "")

    @property
    def byte_count(self) -> int:
        """The size of all arrays in bytes."""
        return self.rule.byte_count + (self.decoder.byte_count if self.decoder else 0)

    @cached_property
    def shaders(self) -> dict[str, str]:
        """GLSL ES 3.00 by pass: vertex, step, brush, display. Always made from the weights, never read from a file."""
        return render_shaders(self.rule, self.decoder)

    def fields(self) -> dict[str, Any]:
        """All fields of the file, in its order, as plain JSON values."""
        rule = self.rule
        return {
            "format": self.format,
            "name": self.name,
            "channels": rule.channels,
            "hidden": rule.hidden,
            "update": rule.update,
            "weights": encode_arrays(rule.arrays(), DTYPES),
            **({"decoder": decoder_fields(self.decoder)} if self.decoder else {}),
            "provenance": clean(self.provenance),
        }

    def to_json(self) -> str:
        """The text of the bundle file."""
        return json.dumps(self.fields(), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Bundle":
        """Read a bundle file's text.

        Raises UserError that says what is wrong with it and what was expected.
        """
        return cls.from_data(parse_fields(text, TYPES))

    @classmethod
    def from_data(cls, fields: dict[str, Any]) -> "Bundle":
        """The bundle of fields that `parse_fields` returned.

        Raises UserError where the weights are not those of a rule or a decoder of this size.
        """
        shapes = Rule.shapes(fields["channels"], fields["hidden"])
        rule = Rule(**decode_arrays(fields["weights"], DTYPES, shapes), update=fields["update"])
        decoder = decoder_of(fields["decoder"], rule.channels) if "decoder" in fields else None
        provenance = {key: value for key, value in fields["provenance"].items() if key != PROOF}
        return cls(fields["name"], rule, provenance, decoder)


def load_bundle(path: Path) -> Bundle:
    """Read a bundle file.

    Raises UserError that names the file and what is wrong with it.
    """
    try:
        return Bundle.from_json(read_file(path).decode("utf-8-sig"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text at byte {error.start}, expected a {FORMAT} bundle") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def parse_fields(text: str, types: dict[str, type]) -> dict[str, Any]:
    """Parse a bundle's JSON and check that it has exactly these keys and types, and sizes that can be.

    A decoder is expected where the format has one. The shaders that files of earlier versions hold are left out.

    Raises UserError.
    """
    fields = _parse_json(text)
    fields.pop("shaders", None)
    keys = [key for key in types if key != "decoder" or fields["format"] == DECODED]
    for key, value in exactly(fields, keys, "bundle").items():
        if type(value) is not types[key]:
            raise UserError(f"{key} is {shown(value)}, expected {_NAMES[types[key]]}")
    within("channels", fields["channels"], CHANNELS, f"one of {CHANNELS}")
    within("hidden", fields["hidden"], range(4, MAX_HIDDEN + 1, 4), f"a multiple of 4 from 4 to {MAX_HIDDEN}")
    within("update", fields["update"], range(1, UPDATE_ALWAYS + 1), f"1 to {UPDATE_ALWAYS}")
    return fields


def _parse_json(text: str) -> dict[str, Any]:
    """An object with one of our formats. Raises UserError."""
    try:
        fields = parse_strict(text)
        json.dumps(fields, ensure_ascii=False).encode()  # refuses half a surrogate pair
    except ValueError as error:
        raise UserError(f"{fault(error)}, expected a {FORMAT} bundle") from error
    found = fields.get("format") if isinstance(fields, dict) else fields
    if found not in (FORMAT, DECODED) or not isinstance(fields, dict):
        raise UserError(f"format is {shown(found)}, expected {FORMAT!r} or {DECODED!r}")
    return fields
