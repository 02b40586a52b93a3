"""Prints how good textures are, as tables in Markdown: `python docs/make_figures.py [--long] RUN...`.

As `nca evaluate` does it: on 128 x 128 cells after 1,000 steps; with --long on 512 x 512 after 10,000, minutes each.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import torch

from nca.cli.evaluate import LONG, QUICK
from nca.evaluate import AGES, Evaluation, Judge, evaluate
from nca.picture import load_picture
from nca.run import TARGET, load_run

FIGURES = {"style": 2, "patches": 2, "precision": 2, "recall": 2, "colour": 1, "spectrum": 2}  # and their decimals


def young(runs: list[Path]) -> Iterator[str]:
    """All figures; in brackets those of the picture's other half."""
    yield f"| | {' | '.join(FIGURES)} | half wiped, back after | |"
    yield "|---" * (len(FIGURES) + 3) + "|"
    for run in runs:
        found = grown(run, *QUICK)
        cells = [
            f"{getattr(found.texture, key):.{digits}f} ({getattr(found.perfect, key):.{digits}f})"
            for key, digits in FIGURES.items()
        ]
        yield f"| {run.name} | {' | '.join(cells)} | {ending(found)} |"


def old(runs: list[Path]) -> Iterator[str]:
    """How style changes with age, on a large field, and what the old texture has of the picture's patches."""
    yield f"| | {' | '.join(f'style after {age:,}' for age in AGES)} | precision | recall | half wiped, back after | |"
    yield "|---" * (len(AGES) + 5) + "|"
    for run in runs:
        found = grown(run, *LONG)
        styles = [f"{found.life.style[age]:.2f}" if age in found.life.style else "" for age in AGES]
        patches = f"{found.texture.precision:.2f} | {found.texture.recall:.2f}"
        yield f"| {run.name} | {' | '.join(styles)} | {patches} | {ending(found)} |"


def grown(run: Path, size: int, ages: tuple[int, ...]) -> Evaluation:
    """A texture of size x size cells, through all ages or to the first at which it fails."""
    judge = Judge(load_picture(run / TARGET))
    return evaluate(load_run(run).rule, judge, size, ages, seed=0, device=torch.device("cpu"))


def ending(found: Evaluation) -> str:
    """Two cells."""
    return f"{found.life.healed or '-'} | {found.life.complaint or 'holds'}"


if __name__ == "__main__":
    folders = [Path(each) for each in sys.argv[1:] if each != "--long"]
    print(*(old(folders) if "--long" in sys.argv else young(folders)), sep="\n", flush=True)
