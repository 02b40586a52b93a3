"""nca evaluate."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nca.cli.options import PATH, device, rollout_seed, sources
from nca.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nca.evaluate import Evaluation
    from nca.export.bundle import Bundle

__all__ = ["evaluate"]

QUICK, LONG = (128, (200, 1000)), (512, (200, 1000, 10_000))  # cells a side, and ages


@click.command()
@sources
@click.option("--picture", type=PATH, help="What the texture shall look like.  [default: the run's target.png]")
@click.option("--long", is_flag=True, help="512x512 cells for 10,000 steps: many minutes on a CPU.")
@click.option("--json", "as_json", is_flag=True, help="For machines: a list with an object for each texture.")
@device
@rollout_seed
def evaluate(
    sources: tuple[Path, ...], picture: Path | None, long: bool, as_json: bool, device: str, seed: int
) -> None:
    """Measure how much a texture looks like its picture, whether it lasts and how fast it heals.

    Beside its figures stand those of one half of the picture held against the other: no texture can do better.
    docs/quality.md says what the figures mean.
    """
    from nca.evaluate import Judge
    from nca.evaluate import evaluate as measure
    from nca.export.source import load_source
    from nca.rollout import pick_device

    where, found = pick_device(device), []
    for source in sources:
        texture = load_source(source)
        size, ages = LONG if long else QUICK
        evaluation = measure(
            texture.rule, Judge(_picture(source, texture, picture)), size, ages, seed=seed, device=where
        )
        found.append({"source": str(source), **evaluation.fields()})
        if not as_json:
            click.echo(_table(str(source), evaluation))
    if as_json:
        click.echo(json.dumps(found, indent=1))


def _picture(source: Path, texture: "Bundle", given: Path | None) -> "NDArray[np.uint8]":
    """As it was trained on: the run's own, or the one given at the scale that the texture's provenance names."""
    from nca.config import Config
    from nca.picture import load_picture, natural_scale, scale_picture
    from nca.run import TARGET

    if given:
        loaded = load_picture(given)
        config = texture.provenance.get("config")
        scale = config.get("scale") if isinstance(config, dict) else None
        return scale_picture(loaded, scale if isinstance(scale, float) else natural_scale(loaded), Config.size)
    if not (source / TARGET).is_file():
        raise UserError(f"{source} holds no picture to compare with: name it with --picture FILE")
    return load_picture(source / TARGET)


def _table(name: str, evaluation: "Evaluation") -> str:
    texture, perfect, life = evaluation.texture, evaluation.perfect, evaluation.life
    lines = [f"{name}, {life.size}x{life.size} cells", f"{'':12}{'texture':>9}{'perfect':>9}"]
    lines += [f"{key:12}{value:9.3f}{getattr(perfect, key):9.3f}" for key, value in vars(texture).items()]
    ages = ", ".join(f"{style:.3f} after {age}" for age, style in life.style.items())
    lines += [f"style by age {ages} steps; shuffled pixels {life.shuffled:.3f}"]
    for half, steps in (("half wiped", life.healed), ("half noise", life.calmed)):
        lines += [f"{half:12} back after {steps} steps" if steps else f"{half:12} not back"]
    return "\n".join([*lines, f"does not hold: {life.complaint}" if life.complaint else "holds"]) + "\n"
