"""A decoder as fields of a bundle's JSON."""

from typing import Any

from nca.errors import UserError
from nca.export.fields import decode_arrays, encode_arrays, exactly, shown, within
from nca.rule.decoder import DETAILS, DTYPES, MAX_GRAIN, MAX_UNITS, Decoder

__all__ = ["decoder_fields", "decoder_of"]

_KEYS = ("units", "grain", "skip", "detail", "weights")


def decoder_fields(decoder: Decoder) -> dict[str, Any]:
    """The fields of a decoder, as plain JSON values."""
    weights = encode_arrays(decoder.arrays(), DTYPES)
    return {key: getattr(decoder, key) for key in _KEYS[:-1]} | {"weights": weights}


def decoder_of(fields: dict[str, Any], channels: int) -> Decoder:
    """The decoder of a bundle's fields, for this number of channels. Raises UserError."""
    exactly(fields, _KEYS, "decoder")
    units, grain, skip, detail, weights = (fields[key] for key in _KEYS)
    within("decoder's units", units, range(4, MAX_UNITS + 1, 4), f"a multiple of 4 from 4 to {MAX_UNITS}")
    within("decoder's grain", grain, range(MAX_GRAIN + 1), f"0 to {MAX_GRAIN}")
    within("decoder's detail", detail, DETAILS, f"one of {DETAILS}")
    if not isinstance(weights, dict):
        raise UserError(f"decoder's weights are {shown(weights)}, expected an object")
    arrays = decode_arrays(weights, DTYPES, Decoder.shapes(channels, grain, units), "decoder's weights")
    return Decoder(**arrays, grain=grain, skip=skip, detail=detail)
