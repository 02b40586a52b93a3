"""Makes the pictures of the documentation: `npm ci`, then `python tools/make_pictures.py`."""

import sys
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from make_gallery import repeated
from nca.export.bundle import Bundle, load_bundle
from nca.export.check.browser import launch
from nca.export.gallery import shipped, view_page
from nca.export.pictures.snapshots import sheet, snapshots
from nca.picture import load_picture, scale_picture
from nca.rule.decode import decode
from nca.rule.reference import erase, reference_rollout, seed_state

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))
from server import serve

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
EXAMPLES = ROOT / "examples"
SIDE = 72  # cells
GAP = 8
LAPTOP = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}
WIDE = {"viewport": {"width": 2560, "height": 1080}, "color_scheme": "light"}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
# A few steps at a time, so that no browser takes the queue for a hang.
STEPS = """async (steps) => {
  const { nca } = document.querySelector("canvas");
  for (let done = 0; done < steps; done += 4) {
    nca.step(4);
    await new Promise(requestAnimationFrame);
  }
  nca.draw();
}"""


def strip() -> Image.Image:
    """The picture, the texture after 20 and 400 steps, wiped, and healed. A pixel is one of the decoder's."""
    texture = load_bundle(EXAMPLES / "lava.nca.json")
    rule, detail = texture.rule, detail_of(texture)
    growing = reference_rollout(rule, seed_state(rule, SIDE, SIDE), 20, seed=1)
    grown = reference_rollout(rule, growing, 380, seed=1, first=20)
    wiped = reference_rollout(rule, erase(grown, SIDE // 2, SIDE // 2, SIDE // 4), 12, seed=1, first=400)
    healed = reference_rollout(rule, wiped, 200, seed=1, first=412)
    target = scale_picture(load_picture(EXAMPLES / "lava.png"), texture.provenance["config"]["scale"], SIDE, detail)
    states = (growing, grown, wiped, healed)
    panels = [repeated(target, SIDE * detail), *(decode(texture.decoder, state, detail) for state in states)]
    step = SIDE * detail + GAP
    whole = Image.new("RGB", (len(panels) * step - GAP, SIDE * detail), "white")
    for index, panel in enumerate(panels):
        whole.paste(Image.fromarray(panel), (index * step, 0))
    return whole


def over_time() -> Image.Image:
    """The texture from growing to old."""
    texture = load_bundle(EXAMPLES / "lava.nca.json")
    how = {"decoder": texture.decoder, "detail": detail_of(texture)}
    return Image.fromarray(sheet(partial(snapshots, texture.rule, size=(SIDE, SIDE), **how), [20, 200, 1000, 10_000]))


def detail_of(texture: Bundle) -> int:
    """Pixels across a cell."""
    return texture.decoder.detail if texture.decoder else 1


def screenshot(name: str, panel: str = "", **window: Any) -> None:
    """Save a picture of the page of all textures that ship: 300 steps, then a stroke of the brush.

    panel: the id of a panel to open first. window: options of the browser's context.
    """
    with launch() as browser:
        tab = browser.new_page(**window)
        tab.goto(view_page(shipped()).as_uri() + "#lava&seed=3&paused")
        tab.evaluate(STEPS, 300)
        width, height = window["viewport"].values()
        tab.mouse.move(width * 0.3, height * 0.4)
        tab.mouse.down()
        tab.mouse.move(width * 0.55, height * 0.5, steps=8)
        tab.mouse.up()
        tab.evaluate(STEPS, 12)
        if panel:
            tab.locator(f"[aria-controls={panel}]").click()
            tab.wait_for_timeout(1000)
        tab.mouse.move(width * 0.5, height - 30)
        tab.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")  # bars that come back
        Image.open(BytesIO(tab.screenshot())).save(DOCS / name, quality=85)


def example(name: str, stroke: list[tuple[int, int]]) -> None:
    """Save a picture of an example: 400 steps, a stroke of the brush, and a few steps more."""
    with serve(ROOT) as site, launch() as browser:
        tab = browser.new_page(viewport={"width": 960, "height": 540})
        tab.goto(f"{site.address}/examples/{name}.html")
        tab.wait_for_function("document.querySelector('canvas')?.nca?.stepCount")
        tab.evaluate("""() => {
          const { nca } = document.querySelector("canvas"), { step } = Object.getPrototypeOf(nca);
          nca.step = () => step.call(nca, nca.stepCount < 400 ? 20 : 1);
        }""")
        tab.wait_for_function("document.querySelector('canvas').nca.stepCount >= 400", timeout=300_000)
        tab.mouse.move(*stroke[0])
        tab.mouse.down()
        tab.mouse.move(*stroke[1], steps=8)
        tab.mouse.up()
        wiped = tab.evaluate("document.querySelector('canvas').nca.stepCount")
        tab.wait_for_function(f"document.querySelector('canvas').nca.stepCount > {wiped} + 2")
        tab.screenshot(path=DOCS / f"{name}.jpg", quality=85)


if __name__ == "__main__":
    strip().save(DOCS / "lava.webp", quality=85)
    over_time().save(DOCS / "sheet.webp", quality=85)
    screenshot("page.webp", **LAPTOP)
    screenshot("page_inside.webp", "inside", **LAPTOP)
    screenshot("page_wide.webp", "textures", **WIDE)
    screenshot("page_phone.webp", "textures", color_scheme="light", **PHONE)
    example("three", [(370, 340), (470, 360)])
    example("p5", [(300, 220), (420, 250)])
    example("regl", [(300, 200), (400, 240)])
