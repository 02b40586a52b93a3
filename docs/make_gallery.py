"""Makes the textures that ship and the sheet that shows them: `python docs/make_gallery.py [RUNS] [PHOTOS]`.

RUNS keeps run folders: what is there already is not trained again. PHOTOS has the photographs named below.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nca.export.bundle import Bundle
from nca.export.pictures import Picture, snapshots
from nca.picture import load_picture
from nca.run import TARGET, load_run

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
GALLERY = HERE.parent / "nca" / "gallery"
SOURCES = {
    "drawn by examples/draw.py of nca-texture, Apache-2.0": """
        bubbles confetti coral grass honeycomb knit lava leopard letters marble mosaic pebbles scales stars water
        weave web wood zebra""",
    "ambientCG.com, CC0-1.0": "brick_gray bricks chainmail moss pavingstones rocks terrazzo tiles woodfloor",
    "texture pictures of VPython, MIT": "granite gravel wood_fine",
}
COLUMNS = 5
SMALL, LARGE = 128, 512  # cells across a panel
GAP = 8
FONT = 20


def main(runs: Path, photos: Path) -> None:
    """Train what is missing; write bundles and the sheet."""
    names = sorted(" ".join(SOURCES.values()).split())
    drawn = [EXAMPLES / f"{name}.png" for name in names]
    train(runs, [path if path.exists() else photos / path.name for path in drawn], ["--features", "imagenet"])
    bundle(runs)
    sheet(runs, names).save(HERE / "gallery.webp", quality=75)


def train(runs: Path, pictures: list[Path], options: list[str]) -> None:
    """All pictures that have no run yet, several at a time."""
    missing = [picture for picture in pictures if not (runs / picture.stem).exists()]
    if missing:
        output = runs if len(missing) > 1 else runs / missing[0].stem  # of a single picture it is the run itself
        command = [sys.executable, "-m", "nca", "train", *map(str, missing), "-o", str(output), *options]
        subprocess.run(command, check=True)  # noqa: S603


def bundle(runs: Path) -> None:
    """Each texture, with where its picture is from."""
    GALLERY.mkdir(exist_ok=True)
    for source, names in SOURCES.items():
        for name in names.split():
            run = load_run(runs / name)
            texture = Bundle.of(run.rule, run.name, run.provenance | {"source": source})
            (GALLERY / f"{name}.nca.json").write_text(texture.to_json())


def sheet(runs: Path, names: list[str]) -> Image.Image:
    """Each picture above its young texture, and beside them a large field of the old one."""
    across, down = SMALL + LARGE + 3 * GAP, LARGE + 2 * GAP
    whole = Image.new("RGB", (COLUMNS * across, -(-len(names) // COLUMNS) * down), "white")
    for index, name in enumerate(names):
        left, top = index % COLUMNS * across + GAP, index // COLUMNS * down + GAP
        picture, young, old = map(Image.fromarray, panels(runs / name))
        whole.paste(picture, (left, top))
        whole.paste(young, (left, top + SMALL + GAP))
        whole.paste(old, (left + SMALL + GAP, top))
        label, font = name.replace("_", " "), ImageFont.load_default(FONT)
        ImageDraw.Draw(whole).text((left, top + 2 * (SMALL + GAP)), label, "black", font)
    return whole


def panels(folder: Path) -> list[Picture]:
    """The picture, as it was trained on and repeated; its texture after 1,000 steps; a large field after 10,000."""
    rule = load_run(folder).rule
    picture = repeated(load_picture(folder / TARGET), SMALL)
    [young], [old] = snapshots(rule, [1000], (SMALL, SMALL)), snapshots(rule, [10_000], (LARGE, LARGE))
    return [picture, young, old]


def repeated(picture: Picture, side: int) -> Picture:
    """A square picture side by side with itself, as far as a panel of this side goes."""
    count = -(-side // len(picture))
    return np.tile(picture, (count, count, 1))[:side, :side]


if __name__ == "__main__":
    main(*(Path(each) for each in [*sys.argv[1:], "gallery", "photos"][:2]))
