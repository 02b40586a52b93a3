"""Makes the textures that ship and the sheet that shows them: `python tools/make_gallery.py [RUNS] [PHOTOS]`.

A decoder is fitted to each texture that ships today, from its picture with all its pixels. Where that has too few
pixels for today's texture, an automaton with half the cells is trained again, together with its decoder. Some textures
were judged better by eye as they are, and stay (docs/experiments.md).

RUNS keeps everything that is finished: another call skips it, and continues a training that was stopped. PHOTOS holds
the photographs that are named below.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nca.export.bundle import Bundle, load_bundle
from nca.export.pictures.snapshots import Picture, snapshots
from nca.export.proof import proved
from nca.picture import load_picture
from nca.run import MODEL, STABILITY, TARGET, load_run

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
EXAMPLES = ROOT / "examples"
GALLERY = ROOT / "nca" / "gallery"
DRAWN = "drawn by examples/draw.py of nca-texture, Apache-2.0"
SOURCES = {
    DRAWN: """
        bubbles confetti coral grass honeycomb knit lava leopard letters marble mosaic pebbles scales stars water
        weave web wood zebra""",
    "ambientCG.com, CC0-1.0": "brick_gray bricks chainmail moss pavingstones rocks terrazzo tiles woodfloor",
    "texture pictures of VPython, MIT": "granite gravel wood_fine",
}
LARGER = {"brick_gray": "brick_512"}  # the same photograph with more pixels
# Better at a pixel a cell
KEPT = ["bricks", "confetti", "granite", "grass", "gravel", "moss", "rocks", "terrazzo", "weave"]
FEATURES = ["--features", "imagenet"]
HALF = 0.5  # of a photograph's pixels: a cell for each 2 x 2
EXAMPLE = "lava.nca.json"
TODAY = "today"  # the folder in RUNS with the textures as they were
NICE = 10
AGES = (200, 1000, 10_000)  # steps
COLUMNS = 4
PANEL = 192  # pixels
GAP = 8
FONT = 20


def main(runs: Path, photos: Path) -> None:
    """Train and sharpen what is missing; write bundles and the sheet."""
    os.nice(NICE)
    names = sorted(" ".join(SOURCES.values()).split())
    pictures = {name: picture_of(name, photos) for name in names}
    for name in names:
        keep_today(runs, name)
    crisp = [name for name in names if name not in KEPT]
    again = [name for name in crisp if scale_of(today(runs, name)) > HALF]
    train(runs, [pictures[name] for name in again], [*FEATURES, "--scale", str(HALF)])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda name: sharpen(runs, name, pictures[name]), [name for name in crisp if name not in again]))
        bundle(runs)
        rows = list(pool.map(lambda name: block(runs, name, 1 if name in again else 0), crisp))
    sheet(rows).save(DOCS / "crisp.webp", quality=75)


def picture_of(name: str, photos: Path) -> Path:
    """The file of a texture's picture."""
    drawn = EXAMPLES / f"{name}.png"
    return drawn if drawn.exists() else photos / f"{LARGER.get(name, name)}.png"


def keep_today(runs: Path, name: str) -> None:
    """Copy the texture that ships, once, without a decoder."""
    kept = runs / TODAY / f"{name}.nca.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(replace(load_bundle(GALLERY / f"{name}.nca.json"), decoder=None).to_json())


def today(runs: Path, name: str) -> Bundle:
    """The texture as it was."""
    return load_bundle(runs / TODAY / f"{name}.nca.json")


def scale_of(texture: Bundle) -> float:
    """Cells for each pixel of its picture."""
    return float(texture.provenance["config"]["scale"])


def train(runs: Path, pictures: list[Path], options: list[str]) -> None:
    """Train each picture that has no run yet, several at a time, after those whose training was stopped."""
    begun = [runs / picture.stem for picture in pictures if (runs / picture.stem / MODEL).exists()]
    for run in begun:
        if not (run / STABILITY).exists():
            command("train", "-o", run, "--resume")
    missing = [picture for picture in pictures if runs / picture.stem not in begun]
    if missing:
        output = runs if len(missing) > 1 else runs / missing[0].stem  # of a single picture it is the run itself
        command("train", *missing, "-o", output, *options)


def sharpen(runs: Path, name: str, picture: Path) -> None:
    """Fit a decoder to the texture as it was, unless a run has one."""
    if not (runs / name).exists():
        command(
            "sharpen", runs / TODAY / f"{name}.nca.json", "--picture", picture, "-o", runs / name, *FEATURES, threads=1
        )


def command(*words: object, threads: int | None = None) -> None:
    """Run a command of nca, on so many threads."""
    limits = {"OMP_NUM_THREADS": str(threads)} if threads else {}
    subprocess.run([sys.executable, "-m", "nca", *map(str, words)], check=True, env=os.environ | limits)


def bundle(runs: Path) -> None:
    """Write the bundle of each texture, with the source of its picture. One of them is the example, too."""
    GALLERY.mkdir(exist_ok=True)
    for source, names in SOURCES.items():
        for name in names.split():
            texture = today(runs, name) if name in KEPT else made(runs, name, source)
            (GALLERY / f"{name}.nca.json").write_text(proved(texture).to_json())
    (EXAMPLES / EXAMPLE).write_text((GALLERY / EXAMPLE).read_text())


def made(runs: Path, name: str, source: str) -> Bundle:
    """The texture of a run. source: of its picture."""
    run = load_run(runs / name)
    return Bundle.of(run.rule, name.replace("_", " "), run.provenance | {"source": source}, run.decoder)


def block(runs: Path, name: str, pixels: int) -> Image.Image:
    """The picture and its texture at each age; below it, the texture as it was. It is kept as RUNS/sheets/NAME.png.

    pixels: of a cell of the texture as it was; 0 for as many as the new one has.
    """
    path = runs / "sheets" / f"{name}.png"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        drawn(panels(runs, name, pixels), name).save(path)
    return Image.open(path).convert("RGB")


def panels(runs: Path, name: str, pixels: int) -> tuple[list[Picture], list[Picture]]:
    """The picture, repeated, and its texture at each age; the texture as it was. A pixel is a pixel of the picture."""
    run, former = load_run(runs / name), today(runs, name)
    detail = run.decoder.detail if run.decoder else 1
    target = repeated(load_picture(runs / name / TARGET), PANEL)
    new = snapshots(run.rule, AGES, square(detail), decoder=run.decoder, detail=detail)
    side = pixels or detail
    return [target, *new], list(snapshots(former.rule, AGES, square(side), scale=side))


def square(pixels: int) -> tuple[int, int]:
    """Cells across and down a panel, with so many pixels for a cell."""
    return PANEL // pixels, PANEL // pixels


def drawn(rows: tuple[list[Picture], list[Picture]], name: str) -> Image.Image:
    """The panels of a texture as one picture, with its name."""
    step = PANEL + GAP
    whole = Image.new("RGB", ((1 + len(AGES)) * step, 2 * step), "white")
    for row, shown in enumerate(rows):
        for column, picture in enumerate(reversed(shown)):  # those of one age stand one below the other
            whole.paste(Image.fromarray(picture), ((len(AGES) - column) * step, row * step))
    label, font = name.replace("_", " "), ImageFont.load_default(FONT)
    ImageDraw.Draw(whole).text((GAP, step), label, "black", font)
    return whole


def sheet(blocks: list[Image.Image]) -> Image.Image:
    """All textures, in rows."""
    width, height = blocks[0].width + GAP, blocks[0].height + GAP
    whole = Image.new("RGB", (COLUMNS * width, -(-len(blocks) // COLUMNS) * height), "white")
    for index, each in enumerate(blocks):
        whole.paste(each, (index % COLUMNS * width + GAP, index // COLUMNS * height + GAP))
    return whole


def repeated(picture: Picture, side: int) -> Picture:
    """A square picture side by side with itself, as far as a panel of this side goes."""
    count = -(-side // len(picture))
    return np.tile(picture, (count, count, 1))[:side, :side]


if __name__ == "__main__":
    main(*(Path(each) for each in [*sys.argv[1:], "gallery", "photos"][:2]))
