"""nca info."""

from pathlib import Path

import click

from nca.cli.options import source
from nca.rule import EXACT, Rule

__all__ = ["info"]


@click.command()
@source
def info(source: Path) -> None:
    """Show a texture's size, its bounds and what it was trained on."""
    from nca.export.source import load_source

    texture = load_source(source)
    for label, value in {**_facts(texture.rule), **_flat(texture.provenance)}.items():
        click.echo(f"{label:24} {value}")


def _facts(rule: Rule) -> dict[str, object]:
    first, second = (int(worst.max()) for worst in rule.worst_cases())
    return {
        "channels": rule.channels,
        "hidden": rule.hidden,
        "parameters": f"{rule.parameters:,}",
        "update rate": f"{rule.update}/256",
        "layer 1 worst sum": f"{first:,} of 2^24 ({EXACT / max(first, 1):.1f} times the room it needs)",
        "layer 2 worst sum": f"{second:,} of 2^24 ({EXACT / second:.1f} times the room it needs)",
    }


def _flat(provenance: dict[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in provenance.items():
        flat |= _flat(value, f"{prefix}{key} ") if isinstance(value, dict) else {prefix + key: value}
    return flat
