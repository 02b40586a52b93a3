"""Makes the textures that ship, and the sheet that shows them: `python docs/make_gallery.py [RUNS] [PHOTOS]`.

RUNS keeps the run folders: what is there already is not trained again. PHOTOS has the photographs below, 128 px each.
"""

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nca.export.bundle import Bundle, load_bundle
from nca.export.pictures import Picture, snapshots
from nca.picture import load_picture
from nca.run import TARGET, load_run

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
GALLERY = HERE.parent / "nca" / "gallery"
DRAWN = "drawn by examples/draw.py of nca-texture, Apache-2.0"
PHOTOGRAPHED = "ambientCG.com, CC0-1.0"
SOURCES = {
    DRAWN: "bubbles coral honeycomb lava mosaic pebbles scales water weave web wood",
    PHOTOGRAPHED: "bricks pavingstones rocks tiles woodfloor",
}
COLUMNS = 2
SMALL, LARGE = 128, 192  # cells across a panel
GAP = 8
FONT = 16


def train(runs: Path, photos: Path) -> None:
    """All pictures that have no run yet, several at a time, as `nca train` does it by default."""
    pictures = [EXAMPLES / f"{name}.png" for name in SOURCES[DRAWN].split()]
    pictures += [photos / f"{name}.png" for name in SOURCES[PHOTOGRAPHED].split()]
    missing = [picture for picture in pictures if picture.exists() and not (runs / picture.stem).exists()]
    if missing:
        subprocess.run([sys.executable, "-m", "nca", "train", *missing, "-o", runs], check=True)  # noqa: S603


def bundle(runs: Path) -> None:
    """Each run as a bundle that says where its picture is from."""
    GALLERY.mkdir(exist_ok=True)
    for source, names in SOURCES.items():
        for run in [load_run(runs / name) for name in names.split() if (runs / name).exists()]:
            texture = Bundle.of(run.rule, run.name, run.provenance | {"source": source})
            (GALLERY / f"{run.name}.nca.json").write_text(texture.to_json())


def sheet(runs: Path) -> Image.Image:
    """Each picture beside its texture: at 1,000 steps, and a larger field at 10,000."""
    names = sorted(path.name.removesuffix(".nca.json") for path in GALLERY.glob("*.nca.json"))
    across, down = 2 * SMALL + LARGE + 4 * GAP, LARGE + FONT + 2 * GAP
    whole = Image.new("RGB", (COLUMNS * across, -(-len(names) // COLUMNS) * down), "white")
    for index, name in enumerate(names):
        left, top = index % COLUMNS * across + GAP, index // COLUMNS * down + GAP
        ImageDraw.Draw(whole).text((left, top + SMALL), name, "black", ImageFont.load_default(FONT))
        for panel in panels(runs, name):
            whole.paste(Image.fromarray(panel), (left, top))
            left += panel.shape[1] + GAP
    return whole


def panels(runs: Path, name: str) -> list[Picture]:
    """The picture, as it was trained on and repeated; the texture young, on a small field; old, on a larger one."""
    rule = load_bundle(GALLERY / f"{name}.nca.json").rule
    run = partial(snapshots, rule)
    picture = np.tile(load_picture(runs / name / TARGET), (2, 2, 1))[:SMALL, :SMALL]
    young, old = next(run([1000], (SMALL, SMALL))), next(run([10_000], (LARGE, LARGE)))
    return [picture, young, old]


if __name__ == "__main__":
    runs, photos = (Path(each) for each in [*sys.argv[1:], "gallery", "photos"][:2])
    train(runs, photos)
    bundle(runs)
    sheet(runs).save(HERE / "gallery.webp", quality=85)
