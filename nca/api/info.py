"""The facts of a texture: `nca.info`."""

from nca.api.texture import Source, load
from nca.rule.bounds import EXACT
from nca.rule.decoder import Decoder
from nca.rule.rule import Rule

__all__ = ["info"]


def info(source: Source) -> dict[str, object]:
    """A texture's size, its bounds and its training, by label.

    source: a texture, or the path of a run folder, a bundle or an exported page.

    Raises UserError if the source cannot be read.

    >>> nca.info(nca.gallery["moss"])["parameters"]
    '5,856'
    """
    texture = load(source)
    decoder = _decoder(texture.decoder) if texture.decoder else {}
    facts = {**_facts(texture.rule), **decoder}
    told = _flat(texture.provenance)
    return facts | {label: value for label, value in told.items() if label not in facts}  # a file may tell anything


def _facts(rule: Rule) -> dict[str, object]:
    first, second = (int(worst.max()) for worst in rule.worst_cases())
    return {
        "channels": rule.channels,
        "hidden": rule.hidden,
        "parameters": f"{rule.parameters:,}",
        "update rate": f"{rule.update}/256",
        "layer 1 worst sum": _worst(first),
        "layer 2 worst sum": _worst(second),
    }


def _decoder(decoder: Decoder) -> dict[str, object]:
    first, second = (int(worst.max()) for worst in decoder.worst_cases())
    facts = {
        "detail": f"{decoder.detail}; pixels of a cell, across and down, for which it was trained",
        "hidden": decoder.units,
        "grain": decoder.grain,
        "skip": "yes" if decoder.skip else "no",
        "parameters": f"{decoder.parameters:,}",
        "layer 1 worst sum": _worst(first),
        "layer 2 worst sum": _worst(second),
    }
    return {f"decoder {label}": value for label, value in facts.items()}


def _worst(total: int) -> str:
    return f"{total:,}; the bound, 2^24, is {EXACT / max(total, 1):.1f} times as large"


def _flat(provenance: dict[str, object]) -> dict[str, object]:
    """Nested objects as one, with joined keys, to any depth."""
    flat: dict[str, object] = {}
    waiting = [("", provenance)]
    while waiting:
        prefix, fields = waiting.pop()
        for key, value in fields.items():
            if isinstance(value, dict):
                waiting.append((f"{prefix}{key} ", value))
            else:
                flat[prefix + key] = value
    return flat
