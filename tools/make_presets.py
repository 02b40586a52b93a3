"""Compares the presets: `python tools/make_presets.py RUNS PICTURE...`.

Trains each picture by each preset, unless RUNS/PRESET has its run already. Writes docs/presets.webp with a row for
each picture, prints style, precision and recall, and leaves all figures in RUNS/PRESET.json.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import make_figures
from make_gallery import repeated, train
from nca.export.pictures.snapshots import Picture, snapshots
from nca.picture import load_picture
from nca.run import TARGET, load_run

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PRESETS = {
    "tiny": ["--features", "multiscale", "--preset", "tiny"],
    "small": ["--features", "multiscale", "--preset", "small"],
    "full": ["--features", "multiscale", "--preset", "full"],
    "small imagenet": ["--features", "imagenet"],
}
SIDE, SCALE = 160, 2  # cells of a panel, pixels a cell
STEPS = 2000


def main(runs: Path, pictures: list[Path]) -> None:
    """Train, judge, draw."""
    names = [picture.stem for picture in pictures]
    for preset, options in PRESETS.items():
        train(runs / preset, pictures, options)
        command = [sys.executable, "-m", "nca", "evaluate", *(str(runs / preset / name) for name in names), "--json"]
        with (runs / f"{preset}.json").open("w") as file:
            subprocess.run(command, check=True, stdout=file)
    make_figures.main([runs / f"{preset}.json" for preset in PRESETS])
    sheet(runs, names).save(DOCS / "presets.webp", quality=80)


def sheet(runs: Path, names: list[str]) -> Image.Image:
    """A row of panels for each picture: itself, and its textures by preset."""
    rows = [np.hstack(panels(runs, name)) for name in names]
    whole = Image.fromarray(np.vstack(rows))
    return whole.resize((whole.width * SCALE, whole.height * SCALE), Image.Resampling.NEAREST)


def panels(runs: Path, name: str) -> list[Picture]:
    """The picture, as it was trained on and repeated; its texture after 2,000 steps by each preset."""
    found = [load_run(runs / preset / name).rule for preset in PRESETS]
    picture = load_picture(runs / next(iter(PRESETS)) / name / TARGET)
    textures = [texture for rule in found for texture in snapshots(rule, [STEPS], (SIDE, SIDE))]
    return [repeated(picture, SIDE), *textures]


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
