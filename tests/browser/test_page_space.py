"""Zoom, pan, grid, seed, tile, turn; speed and steps."""

import numpy as np
import pytest

from nca.rule.reference import reference_rollout, rgb_bytes, seed_state
from pages import PHONE, Fingers, open_panel, wait
from rules import random_rule
from textures import ask, pixels, state

RULE = random_rule(4, 8, seed=1)
# What the canvas shows, top row first: drawn anew, since a canvas on the page keeps nothing.
SHOWN = """() => {
  const { nca } = document.querySelector("canvas"), { width, height } = nca.canvas, { gl } = nca;
  nca.draw();
  const bytes = new Uint8Array(4 * width * height);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  return [width, height, [...bytes]];
}"""


def shown(tab):
    width, height, data = tab.evaluate(SHOWN)
    return np.array(data, np.uint8).reshape(height, width, 4)[::-1, :, :3]


def grown(width, height, steps=30, seed=0):
    return rgb_bytes(reference_rollout(RULE, seed_state(RULE, height, width), steps, seed=seed))


@pytest.fixture
def tab(open_page):
    """32 x 20 cells, each 20 pixels wide, in a window of 640 x 400."""
    tab = open_page(RULE, "#paused&size=32x20", viewport={"width": 640, "height": 400})
    ask(tab, "nca.step(30)")
    return tab


def zoom(tab):
    box = tab.locator("main > canvas").bounding_box()
    return box["width"] / ask(tab, "nca.canvas.width")


def test_the_wheel_magnifies_about_the_pointer(tab):
    tab.mouse.move(330, 130)  # over column 16, row 6
    tab.mouse.wheel(0, -300)
    tab.wait_for_function("() => document.querySelector('#zoom ~ output').value == '4000 %'")
    assert zoom(tab) == 40
    assert np.array_equal(shown(tab)[0, 0], grown(32, 20)[3, 8])  # 330 / 40 is 8.25 cells left of column 16.5
    tab.mouse.click(330, 130)
    assert (state(tab)[:, 6, 16] == 0).all()


def test_keys_magnify_and_0_fits_again(tab):
    tab.keyboard.press("z")
    assert zoom(tab) == 25
    tab.keyboard.press("x")
    assert zoom(tab) == 20
    tab.keyboard.press("Shift+ArrowRight")
    tab.keyboard.press("z")
    tab.keyboard.press("0")
    assert zoom(tab) == 20
    assert np.array_equal(shown(tab), grown(32, 20))


def test_the_hand_drags_the_torus(tab):
    tab.keyboard.press("5")
    before = state(tab)
    tab.mouse.move(300, 200)
    tab.mouse.down()
    tab.mouse.move(345, 160)
    tab.mouse.up()
    assert np.array_equal(state(tab), before)
    picture = grown(32, 20)
    moved = np.roll(picture, (-2, 3), (0, 1))  # 45 pixels are 2.25 cells: the third is in sight
    assert np.array_equal(shown(tab)[:20, :32], moved)
    assert tab.locator("main > canvas").bounding_box()["x"] == -15
    tab.keyboard.press("1")
    tab.mouse.click(310, 210)
    assert (state(tab)[:, (10 + 2) % 20, 13] == 0).all()


def test_the_middle_button_and_shifted_arrows_move_the_view_too(tab):
    tab.mouse.move(300, 200)
    tab.mouse.down(button="middle")
    tab.mouse.move(320, 200)
    tab.mouse.up(button="middle")
    assert np.array_equal(shown(tab)[:, 1:32], grown(32, 20)[:, :31])
    tab.keyboard.press("0")
    tab.keyboard.press("Shift+ArrowDown")  # an eighth of 400 pixels, 2.5 cells
    assert np.array_equal(shown(tab)[0], grown(32, 20)[2])


def test_two_fingers_pinch(open_page):
    tab = open_page(RULE, "#paused&size=39x84", **PHONE)
    ask(tab, "nca.step(30)")
    tab.locator("label:has([value=move])").click()
    before = state(tab)
    fingers = Fingers(tab)
    fingers.down((150, 400), (250, 400))
    fingers.move((100, 400), (300, 400))
    fingers.up()
    assert zoom(tab) == 20
    assert np.array_equal(state(tab), before)


def test_one_tile_alone_in_the_middle(tab):
    open_panel(tab, "view")
    tab.set_viewport_size({"width": 840, "height": 400})
    tab.get_by_label("Repeat the tile").uncheck()
    assert tab.locator("main > canvas").bounding_box() == {"x": 100, "y": 0, "width": 640, "height": 400}
    assert np.array_equal(shown(tab), grown(32, 20))
    tab.get_by_label("Repeat the tile").check()
    assert np.array_equal(shown(tab), np.tile(grown(32, 20), (1, 2, 1))[:, :42])


def test_smooth_or_in_pixels(tab):
    rendering = "getComputedStyle(document.querySelector('canvas')).imageRendering"
    assert tab.evaluate(rendering) == "pixelated"
    open_panel(tab, "view")
    tab.get_by_label("Smooth").check()
    assert tab.evaluate(rendering) == "auto"


@pytest.mark.parametrize("size", ["64", "128"])
def test_the_grid_is_chosen_apart_from_the_window(tab, size):
    open_panel(tab, "view")
    tab.get_by_label("Grid").select_option(f"{size} x {size}")
    wait(tab, f"nca.width == {size} && nca.height == {size}")
    assert tab.evaluate("location.hash") == f"#moss&size={size}x{size}"
    assert tab.locator("main > canvas").bounding_box()["width"] >= 640
    ask(tab, "nca.step(30)")
    assert np.array_equal(pixels(tab)[..., :3], grown(int(size), int(size)))


def test_a_seed_of_ones_own_and_another(tab):
    open_panel(tab, "view")
    tab.get_by_label("Seed").fill("7")
    tab.get_by_label("Seed").press("Enter")
    wait(tab, "nca.seed == 7")
    ask(tab, "nca.step(30)")
    assert np.array_equal(pixels(tab)[..., :3], grown(32, 20, seed=7))
    tab.get_by_role("button", name="Another").click()
    wait(tab, "nca.seed != 7")
    assert tab.evaluate("location.hash") == f"#moss&seed={ask(tab, 'nca.seed')}&size=32x20"


def test_auto_takes_as_many_steps_as_fit(open_page):
    tab = open_page(RULE, "#size=8x8&paused")
    tab.locator("#speed").fill("6")
    assert tab.locator("#controls output").inner_text() == "auto"
    assert ask(tab, "nca.speed == Infinity")
    tab.keyboard.press("Space")
    wait(tab, "nca.stepCount > 150")


def test_large_grids_are_shown_whole(open_page):
    tab = open_page(RULE, "#size=1024x512&paused", viewport={"width": 640, "height": 400})
    assert zoom(tab) == 0.625
    box = tab.locator("main > canvas").bounding_box()
    assert box["width"] >= 640
    assert box["height"] >= 400


def test_turning_turns_what_grows(tab):
    open_panel(tab, "view")
    tab.locator("#turn").fill("64")
    assert tab.locator("#turn ~ output").inner_text() == "90°"
    ask(tab, "nca.step(20)")
    turned = state(tab)
    assert ask(tab, "session.toJSON().events") == [[30, "turn", 64]]
    tab.keyboard.press("r")
    ask(tab, "nca.step(50)")
    assert (turned != state(tab)).any()
