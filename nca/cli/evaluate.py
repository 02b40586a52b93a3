"""nca evaluate."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nca.api.evaluate import evaluate
from nca.api.texture import load
from nca.cli.options import PATH, command, device, log_to, rollout_seed, sources

if TYPE_CHECKING:
    from nca.evaluation.stability import Evaluation

__all__ = ["evaluate_command"]


@command("evaluate", evaluate)
@sources
@click.option("--picture", type=PATH, help="The picture to compare with.  [default: the run's target.png]")
@click.option(
    "--detail", type=click.Choice(["1", "2", "4", "8"]), help="Pixels a cell that are judged.  [default: the decoder's]"
)
@click.option("--long", is_flag=True, help="512x512 cells for 10,000 steps: many minutes on a CPU.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list with one object for each texture.")
@log_to
@device
@rollout_seed
def evaluate_command(
    sources: tuple[Path, ...], picture: Path | None, detail: str | None, as_json: bool, **options: Any
) -> None:
    """Measure how much a texture looks like its picture, whether it is stable, and how fast it heals.

    A texture with a decoder is judged at the decoder's resolution. The column "perfect" compares one half of the
    picture with the other: do not expect better values. docs/quality.md explains the figures.
    """
    from nca.export.source import each_path
    from nca.picture import STDIN, load_picture

    given = load_picture(picture) if picture == STDIN else picture  # which is read once, for all textures
    found = []
    for source, texture in [(each, load(each)) for each in each_path(sources)]:  # so that a wrong name is met first
        evaluation = evaluate(texture, given, detail=int(detail) if detail else None, **options)
        found.append({"source": str(source), **evaluation.fields()})
        if not as_json:
            click.echo(_table(str(source), evaluation))
    if as_json:
        click.echo(json.dumps(found, indent=1))


def _table(name: str, evaluation: "Evaluation") -> str:
    texture, perfect, stability = evaluation.texture, evaluation.perfect, evaluation.stability
    pixels = f", {stability.detail}x{stability.detail} pixels a cell" if stability.detail > 1 else ""
    lines = [f"{name}, {stability.size}x{stability.size} cells{pixels}", f"{'':12}{'texture':>9}{'perfect':>9}"]
    lines += [f"{key:12}{value:9.3f}{getattr(perfect, key):9.3f}" for key, value in vars(texture).items()]
    ages = ", ".join(f"{style:.3f} at {age:,}" for age, style in stability.style.items())
    both = f", mean of {stability.detail}x{stability.detail} and 1x1 pixels a cell" if stability.detail > 1 else ""
    lines += [f"style by age{both}: {ages} steps; shuffled pixels: {stability.shuffled:.3f}"]
    for half, steps in (("erased half", stability.healed), ("noise half", stability.calmed)):
        lines += [f"{half:12} healed in {steps} steps" if steps else f"{half:12} not healed"]
    if evaluation.lattice:
        from nca.evaluation.lattice import MOST

        found = (
            f"{key} {value:.4f} (at most {getattr(MOST, key)})" for key, value in evaluation.lattice._asdict().items()
        )
        lines += [f"lattice of the cells: {', '.join(found)}"]
    return "\n".join([*lines, "stable" if stability.stable else f"not stable: {stability.reason}"]) + "\n"
