"""Tests whether the figures of `nca evaluate` rank pictures rightly: `python tools/make_ranking.py PICTURE...`.

One half of each picture is the reference, scaled as for training. The script measures the other half against it, and
degraded copies of that half: blurred, shuffled, and of one colour. It prints the medians.
"""

import sys
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image, ImageFilter

from nca.evaluation.metrics import Array, Figures, Reference
from nca.evaluation.stability import WINDOW, halves
from nca.picture import load_picture, natural_scale, scale_picture
from nca.training.config import Config

BLUR = 1.2  # px
SHOWN = {"style": 3, "patches": 2, "precision": 2, "recall": 2, "spectrum": 2}  # figures and their decimals
DISTANCES = ("style", "patches")


def main(files: list[Path]) -> None:
    """Print medians over all pictures, and in how many the other half is nearest."""
    found = [_figures(file) for file in files]
    print(f"| | {' | '.join(found[0])} |\n{'|---' * (1 + len(found[0]))}|")
    for figure, decimals in SHOWN.items():
        medians = [median(getattr(each[name], figure) for each in found) for name in found[0]]
        print(f"| `{figure}` | {' | '.join(f'{value:.{decimals}f}' for value in medians)} |")
    for figure in DISTANCES:
        nearest = [min(each, key=lambda name: getattr(each[name], figure)) for each in found]
        print(f"the other half has the lowest {figure} in {nearest.count('other half')} of {len(files)}")


def _figures(file: Path) -> dict[str, Figures]:
    picture = load_picture(file)
    half, other = halves(scale_picture(picture, natural_scale(picture), Config().size), WINDOW)
    reference = Reference(half)
    return {name: reference(made) for name, made in _made_of(other).items()}


def _made_of(half: Array) -> dict[str, Array]:
    bytes_ = Image.fromarray((half * 255).round().astype(np.uint8))
    return {
        "other half": half,
        f"blurred ({BLUR} px)": np.asarray(bytes_.filter(ImageFilter.GaussianBlur(BLUR))) / 255,
        "pixels shuffled": np.random.default_rng(0).permutation(half.reshape(-1, 3)).reshape(half.shape),
        "one colour, the mean": np.ones_like(half) * half.mean((0, 1)),
    }


if __name__ == "__main__":
    main([Path(each) for each in sys.argv[1:]] or sys.exit(__doc__))
