"""Measures all textures of all presets, for docs/figures.md: `python docs/make_figures.py [RUNS] [PHOTOS]`.

RUNS/PRESET keeps run folders, as make_gallery.py makes them; what is missing is trained. The large fields take hours.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from make_gallery import OTHERS, SHIPPED, train

from nca.config import PRESETS
from nca.evaluate import Evaluation, Judge, evaluate
from nca.picture import load_picture
from nca.run import TARGET, load_run

FIGURES = {"style": 2, "patches": 2, "precision": 2, "recall": 2, "colour": 1, "spectrum": 2}  # and their decimals
OLD = (200, 1000, 10_000)  # steps
NAMES = sorted(" ".join([*SHIPPED.values(), OTHERS]).split())


def main(runs: Path, photos: Path) -> None:
    """Train what is missing; write the tables."""
    lines = ["# Figures", "", "Made by `python docs/make_figures.py`; [quality.md](quality.md) tells what they mean."]
    for preset in PRESETS:
        train(runs / preset, photos, NAMES)
        lines += ["", f"## `{preset}`: 128 x 128 cells after 1,000 steps", "", *young(runs / preset)]
    lines += ["", "## `small`: 512 x 512 cells after 10,000 steps", "", *old(runs / "small")]
    Path(__file__).with_name("figures.md").write_text("\n".join(lines) + "\n")


def young(runs: Path) -> Iterator[str]:
    """A table; in brackets the figures of the picture's other half."""
    yield f"| | {' | '.join(FIGURES)} | half wiped, back after | |"
    yield "|---" * (len(FIGURES) + 3) + "|"
    for name in NAMES:
        found = grown(runs / name, 128, OLD[:2])
        cells = [
            f"{getattr(found.texture, key):.{digits}f} ({getattr(found.perfect, key):.{digits}f})"
            for key, digits in FIGURES.items()
        ]
        yield f"| {name} | {' | '.join(cells)} | {ending(found)} |"


def old(runs: Path) -> Iterator[str]:
    """A table of how style changes with age, on a large field."""
    yield f"| | {' | '.join(f'style after {age:,}' for age in OLD)} | half wiped, back after | |"
    yield "|---" * (len(OLD) + 3) + "|"
    for name in NAMES:
        found = grown(runs / name, 512, OLD)
        styles = [f"{found.life.style[age]:.2f}" if age in found.life.style else "" for age in OLD]
        yield f"| {name} | {' | '.join(styles)} | {ending(found)} |"


def grown(folder: Path, size: int, ages: tuple[int, ...]) -> Evaluation:
    """As `nca evaluate` does it."""
    judge = Judge(load_picture(folder / TARGET))
    return evaluate(load_run(folder).rule, judge, size, ages, seed=0, device=torch.device("cpu"))


def ending(found: Evaluation) -> str:
    """Two cells."""
    return f"{found.life.healed or '-'} | {found.life.complaint or 'holds'}"


if __name__ == "__main__":
    main(*(Path(each) for each in [*sys.argv[1:], "gallery", "photos"][:2]))
