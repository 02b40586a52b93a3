"""Compares textures with and without a decoder: `python tools/make_detail.py RUNS PICTURE...`.

Trains each picture by each preset three times, unless RUNS/PRESET/WAY has its run already: with a decoder; without one
for as much time; and without one on as many more cells as take as long to run. All three are shown with as many pixels
and judged against the picture at these pixels. Prints a table in Markdown and writes docs/detail.webp with the
pictures.
"""

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from make_gallery import command, repeated
from nca.evaluation.metrics import Reference
from nca.evaluation.stability import halves
from nca.export.pictures.snapshots import Picture, snapshots
from nca.picture import load_picture
from nca.run import CONFIG, TARGET, load_run
from nca.training.config import PRESETS

DOCS = Path(__file__).parent.parent / "docs"
WITH, LONGER, FINER = "with a decoder", "without, trained as long", "without, run as long"
TIME = 1.2  # a training takes so many times as long with a decoder
# Cells for each cell of the texture with a decoder, across and down, so that a step takes as long as one of the coarse
# grid and the decoding of its picture (docs/performance.md#the-decoder)
CELLS = {2: 1.83, 4: 3.16}
AGES = (200, 1000, 2000)  # steps
SHOWN = 2000
SIDE = 256  # pixels of a panel, and of a window that is compared


def main(runs: Path, pictures: list[Path]) -> None:
    """Train, judge, draw."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for way in (WITH, LONGER, FINER):
            list(pool.map(lambda each, way=way: train(runs, *each, way), product(PRESETS, pictures)))
    torch.set_num_threads(1)
    names = [picture.stem for picture in pictures]
    print("| picture | preset | | style after 200 | 1,000 | 2,000 steps |", "|---|---|---|---|---|---|", sep="\n")
    for name, preset, way in product(names, PRESETS, (WITH, LONGER, FINER)):
        print(
            f"| {name} | `{preset}` | {way} |",
            " | ".join(f"{style:.3f}" for style in styles(runs, name, preset, way)),
            "|",
        )
    sheet(runs, names).save(DOCS / "detail.webp", quality=80)


def train(runs: Path, preset: str, picture: Path, way: str) -> None:
    """Train a picture on one thread, unless there is a run."""
    output = run_of(runs, picture.stem, preset, way)
    if not output.exists():
        command(
            "train", picture, "-o", output, "--preset", preset, *options(runs, picture.stem, preset, way), threads=1
        )


def options(runs: Path, name: str, preset: str, way: str) -> list[str]:
    """Of the training without a decoder, from the one with it."""
    if way == WITH:
        return []
    config = config_of(runs, name, preset)
    if way == LONGER:
        return ["--detail", "1", "--scale", str(config["scale"]), "--steps", str(round(TIME * config["steps"]))]
    return ["--detail", "1", "--scale", str(min(1, config["scale"] * CELLS[config["detail"]]))]


def run_of(runs: Path, name: str, preset: str, way: str) -> Path:
    """The folder of a run."""
    return runs / preset / way.replace(",", "").replace(" ", "-") / name


def config_of(runs: Path, name: str, preset: str) -> dict[str, float]:
    """The settings of the run with a decoder."""
    found: dict[str, float] = json.loads((run_of(runs, name, preset, WITH) / CONFIG).read_text())
    return found


def styles(runs: Path, name: str, preset: str, way: str) -> list[float]:
    """The style distance at each age: means over both halves of the picture, and two windows."""
    picture = load_picture(run_of(runs, name, preset, WITH) / TARGET)
    references = [Reference(half) for half in halves(picture, (SIDE, SIDE // 2))]
    found = []
    for shown in textures(runs, name, preset, way, AGES, 2 * SIDE):
        both = product(references, windows(shown, references[0].shape))
        found.append(float(np.mean([reference.style(each) for reference, each in both])))
    return found


def windows(shown: Picture, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Those at two opposite corners."""
    height, width = shape[:2]
    yield shown[:height, :width] / 255
    yield shown[-height:, -width:] / 255


def textures(runs: Path, name: str, preset: str, way: str, ages: tuple[int, ...], side: int) -> Iterator[Picture]:
    """A square of the texture at each age, with as many pixels as with a decoder."""
    config, run = config_of(runs, name, preset), load_run(run_of(runs, name, preset, way))
    detail = int(config["detail"])
    if run.decoder:
        cells = side // detail
        yield from snapshots(run.rule, ages, (cells, cells), decoder=run.decoder, detail=detail)
        return
    pixels = detail * config["scale"] / run.provenance["config"]["scale"]  # of a cell
    cells = round(side / pixels)
    for each in snapshots(run.rule, ages, (cells, cells)):
        yield np.asarray(Image.fromarray(each).resize((side, side), Image.Resampling.BICUBIC))


def sheet(runs: Path, names: list[str]) -> Image.Image:
    """A row for each picture and preset: the picture, and its textures in each way."""
    rows = [
        np.hstack(
            [repeated(load_picture(run_of(runs, name, preset, WITH) / TARGET), SIDE)]
            + [next(iter(textures(runs, name, preset, way, (SHOWN,), SIDE))) for way in (WITH, LONGER, FINER)]
        )
        for name, preset in product(names, PRESETS)
    ]
    return Image.fromarray(np.vstack(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
