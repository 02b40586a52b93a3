"""Makes the documentation's pictures from examples/lava.nca.json: `python docs/make_pictures.py`."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from nca.export.browser import launch
from nca.export.bundle import load_bundle
from nca.export.html import render_page
from nca.export.pictures import sheet, snapshots
from nca.picture import load_picture
from nca.rollout import erase, rgb_bytes, rollout, seed_state

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
SIDE = 96  # cells
SCALE = 3  # pixels a cell
GAP = 8
WINDOW = {"width": 1280, "height": 720}


def strip() -> Image.Image:
    """The picture, the automaton after 20 and 400 steps, wiped, and healed."""
    rule = load_bundle(EXAMPLES / "lava.nca.json").rule
    growing = rollout(rule, seed_state(rule, SIDE, SIDE), 20, seed=1)
    grown = rollout(rule, growing, 380, seed=1, first=20)
    wiped = rollout(rule, erase(grown, SIDE // 2, SIDE // 2, 24), 12, seed=1, first=400)
    healed = rollout(rule, wiped, 200, seed=1, first=412)
    target = load_picture(EXAMPLES / "lava.png", 64)
    tiled = np.tile(target, (2, 2, 1))[:SIDE, :SIDE]
    panels = [tiled, *(rgb_bytes(state) for state in (growing, grown, wiped, healed))]
    picture = Image.new("RGB", (len(panels) * (SIDE * SCALE + GAP) - GAP, SIDE * SCALE), "white")
    for index, panel in enumerate(panels):
        large = Image.fromarray(panel).resize((SIDE * SCALE, SIDE * SCALE), Image.Resampling.NEAREST)
        picture.paste(large, (index * (SIDE * SCALE + GAP), 0))
    return picture


def over_time() -> Image.Image:
    """The automaton from growing to old."""
    rule = load_bundle(EXAMPLES / "lava.nca.json").rule
    return Image.fromarray(sheet(partial(snapshots, rule, size=(128, 128)), [20, 200, 1000, 10_000]))


def screenshot(output: Path) -> None:
    """The exported page after 400 steps and a stroke of the brush."""
    with TemporaryDirectory() as folder, launch() as browser:
        page = Path(folder) / "page.html"
        page.write_text(render_page(load_bundle(EXAMPLES / "lava.nca.json")), encoding="utf-8")
        tab = browser.new_page(viewport=WINDOW, color_scheme="dark", reduced_motion="reduce")
        tab.goto(page.as_uri() + "#seed=3")
        tab.mouse.move(420, 260)
        tab.mouse.down()
        tab.mouse.move(700, 380, steps=8)
        tab.mouse.up()
        tab.evaluate("() => { const { nca } = document.querySelector('canvas'); nca.step(12); nca.draw(); }")
        tab.screenshot(path=output)


if __name__ == "__main__":
    strip().save(HERE / "lava.png", optimize=True)
    over_time().save(HERE / "sheet.png", optimize=True)
    screenshot(HERE / "page.png")
