"""The exported page, as someone who opens it from disk meets it."""

import gzip

import numpy as np
import pytest

from nca.export.bundle import Bundle
from nca.export.formats.page import render_page
from pages import PHONE, Fingers, disc, wait
from rules import random_rule
from textures import ask, pixels, state

RULE = random_rule(4, 8, seed=1)


@pytest.fixture
def paused(open_page):
    """A grown texture of 64 x 40 cells, each 20 pixels wide, that stands still."""
    tab = open_page(RULE, "#paused&size=64x40&seed=3")
    ask(tab, "nca.step(100), nca.draw()")
    return tab


def test_opens_from_disk_and_plays_without_a_complaint(open_page):
    tab = open_page(RULE)
    wait(tab, "nca.stepCount > 20")
    assert tab.title() == "Moss"
    assert tab.locator("#hint").is_hidden()  # nothing to say
    assert tab.locator("main > canvas").bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 800}
    assert tab.complaints == []


def test_sizes_stay_small():
    sizes = {hidden: len(gzip.compress(page(channels, hidden).encode())) for channels, hidden in [(4, 8), (12, 96)]}
    assert sizes[8] < 27_500  # the viewer's own code is tested with the gallery
    assert sizes[96] < 34_200


def page(channels, hidden):
    return render_page(Bundle.of(random_rule(channels, hidden, seed=1), "Moss"))


@pytest.mark.parametrize(
    "name",
    [
        "</script><script>document.title = 'broken'</script>",
        "</title><img src=x onerror=alert(1)>",
        "\"&amp;'`${1}<!--",
        "Flechte \u2028 苔 \U0001f33f",
    ],
)
def test_no_name_breaks_out(open_page, name):
    tab = open_page(Bundle.of(RULE, name))
    wait(tab, "nca.playing")
    assert tab.locator("h1").text_content().split() == name.split()
    assert ask(tab, "nca.bundle.name") == name
    assert tab.locator("img, script").count() == 3
    assert tab.complaints == []


def test_click_wipes_a_hole_that_regrows(paused):
    before = state(paused)
    paused.mouse.click(20 * 30 + 5, 20 * 12 + 5)
    radius = int(paused.locator("#size").input_value())
    hole = disc(30, 12, radius)
    assert np.array_equal(state(paused), np.where(hole, 0, before))
    assert hole.sum() > 20

    paused.keyboard.press("Space")
    wait(paused, "nca.stepCount > 160")
    assert (state(paused)[:, hole] != 0).mean() > 0.9


def test_fast_stroke_leaves_no_gap(paused):
    paused.locator("#size").fill("2")
    paused.mouse.move(20 * 5 + 5, 20 * 5 + 5)
    paused.mouse.down()
    paused.mouse.move(20 * 60 + 5, 20 * 30 + 5)  # in one event
    paused.mouse.up()
    along = np.linspace(0, 1, 200)
    x, y = (5 + 55 * along).round().astype(int), (5 + 25 * along).round().astype(int)
    assert not state(paused)[:, y, x].any()


def test_restoring_brush_brings_back_what_the_wipe_took(paused):
    before = state(paused)
    paused.mouse.move(400, 300)
    paused.mouse.down()
    paused.mouse.move(600, 400)
    paused.mouse.up()
    assert not np.array_equal(state(paused), before)

    paused.locator("label:has([value=restore])").click()
    paused.mouse.move(400, 300)
    paused.mouse.down()
    paused.mouse.move(600, 400)
    paused.mouse.up()
    assert np.array_equal(state(paused), before)


def test_two_fingers_draw_two_strokes(open_page):
    tab = open_page(RULE, "#paused&size=39x84", **PHONE)
    ask(tab, "nca.step(100)")
    fingers = Fingers(tab)
    fingers.down((55, 105), (305, 505))
    fingers.move((155, 105), (205, 505))
    fingers.up()
    wiped = state(tab)[
        :, [10, 10, 50, 50, 30], [5, 15, 30, 20, 18]
    ]  # columns over 10 CSS pixels: ends of both, between
    assert not wiped[:, :4].any()
    assert wiped[:, 4].any()


def test_every_key(paused):
    def press(key):
        paused.keyboard.press(key)
        return ask(paused, "[nca.playing, nca.stepCount, nca.speed]")

    assert press("s") == [False, 101, 1]
    assert press("-") == [False, 101, 0.5]
    assert press("+") == [False, 101, 1]
    assert press("S") == [False, 102, 1]
    assert press("Space")[0]
    assert press("Space")[0] is False
    assert press("r")[1] == 0
    assert not state(paused).any()
    size = paused.locator("#size")
    before = int(size.input_value())
    press("]")
    assert int(size.input_value()) == before + 1
    press("[")
    assert int(size.input_value()) == before
    press("b")
    assert paused.get_by_label("Restore").is_checked()


def test_keyboard_wipes_at_the_ring(paused):
    before = state(paused)
    radius = int(paused.locator("#size").input_value())
    assert paused.locator("#ring").is_hidden()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp"):
        paused.keyboard.press(key)
    half = -(-radius // 2)
    x, y = 32 - 2 * half, 20 - half
    ring = paused.locator("#ring").bounding_box()
    assert ring["x"] + ring["width"] / 2 == 20 * x + 10
    assert ring["y"] + ring["height"] / 2 == 20 * y + 10
    assert ring["width"] == 20 * (2 * radius + 1)

    paused.keyboard.press("Enter")
    assert np.array_equal(state(paused), np.where(disc(x, y, radius), 0, before))


def test_space_on_a_button_presses_that_button(paused):
    paused.locator("#reset").focus()
    paused.keyboard.press("Space")
    assert ask(paused, "[nca.playing, nca.stepCount]") == [False, 0]


@pytest.mark.parametrize("control", ["#speed", "[value=restore]", "#step"])
def test_enter_on_a_control_wipes_nothing_and_leaves_the_page(paused, control):
    before = state(paused)
    paused.locator(control).focus()
    paused.keyboard.press("Enter")
    paused.keyboard.press("r")
    assert ask(paused, "nca.stepCount") == 0
    ask(paused, "nca.step(100)")
    assert np.array_equal(state(paused), before)


def test_other_mouse_buttons_do_not_wipe(paused):
    before = state(paused)
    paused.mouse.click(300, 300, button="right")
    assert np.array_equal(state(paused), before)


def test_buttons(paused):
    paused.get_by_role("button", name="Step").click()
    assert ask(paused, "nca.stepCount") == 101
    paused.get_by_role("button", name="Reset").click()
    assert ask(paused, "nca.stepCount") == 0
    paused.get_by_role("button", name="Play").click()
    wait(paused, "nca.stepCount > 3")
    paused.get_by_role("button", name="Pause").click()
    assert not ask(paused, "nca.playing")
    paused.get_by_role("button", name="Keys").click()
    assert paused.get_by_text("single step").is_visible()
    paused.keyboard.press("Escape")
    assert paused.get_by_text("single step").is_hidden()


def test_every_control_has_a_name_and_a_visible_focus(paused):
    for _ in range(8):
        paused.keyboard.press("Tab")
        focused = paused.evaluate(
            """() => {
              const { activeElement: at } = document;
              const shown = at.type == "radio" ? at.parentElement : at;
              return [at.tagName, at.ariaLabel || at.labels?.[0]?.textContent || at.textContent,
                      getComputedStyle(shown).outlineStyle];
            }"""
        )
        assert focused[1].strip(), focused
        assert focused[2] != "none", focused


def test_speed_below_one_skips_frames(open_page):
    tab = open_page(RULE, "#paused&size=8x8")
    tab.locator("#speed").fill("-4")
    assert tab.locator("#controls output").inner_text() == "1/16"
    frames = """new Promise((done) => {
      let frames = 0;
      nca.play();
      requestAnimationFrame(function frame() {
        if (++frames == 64) done(nca.stepCount);
        else requestAnimationFrame(frame);
      });
    })"""
    assert ask(tab, frames) == 4


def test_reduced_motion_shows_a_still_until_asked(open_page):
    tab = open_page(RULE, reduced_motion="reduce")
    assert ask(tab, "nca.playing") is False
    assert len(np.unique(pixels(tab))) > 20  # grown, not blank
    assert "Play" in tab.locator("#hint").inner_text()
    tab.keyboard.press("Space")
    assert ask(tab, "nca.playing") is True


def test_reduced_motion_may_change(open_page):
    tab = open_page(RULE, reduced_motion="reduce")
    tab.emulate_media(reduced_motion="no-preference")
    wait(tab, "nca.playing")
    tab.emulate_media(reduced_motion="reduce")
    wait(tab, "!nca.playing")


def test_phone(open_page):
    tab = open_page(RULE, "#paused", **PHONE)
    ask(tab, "nca.step(60)")
    for control in tab.locator("button:visible, label:visible").all():
        box = control.bounding_box()
        assert box["height"] >= 40
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    cells, box = ask(tab, "[nca.canvas.width, nca.canvas.height]"), tab.locator("main > canvas").bounding_box()
    sides = [box["width"] * 3 / cells[0], box["height"] * 3 / cells[1]]  # of a cell, in device pixels
    assert sides == pytest.approx([7, 7], abs=0.01)
    assert box["width"] >= 390
    assert box["height"] >= 844

    before = state(tab)
    tab.touchscreen.tap(200, 300)
    assert (state(tab) != before).any()
    assert tab.locator("#ring").is_hidden()


def test_hash_chooses_seed_and_size(open_page):
    tab = open_page(RULE, "#seed=7&size=97x61&paused")
    assert ask(tab, "[nca.seed, nca.width, nca.height, nca.playing]") == [7, 97, 61, False]
    assert ask(tab, "nca.canvas.clientWidth / nca.canvas.width") == 13


@pytest.mark.parametrize(("location", "size"), [("#size=0x5", [1, 5]), ("#size=99999x4", [4096, 4])])
def test_of_an_impossible_size_the_nearest_possible_one_is_taken(open_page, location, size):
    tab = open_page(RULE, location)
    assert ask(tab, "[nca.width, nca.height]") == size


def test_nonsense_in_the_hash_is_ignored(open_page):
    tab = open_page(RULE, "#size=big&seed=x&%")
    wait(tab, "nca.stepCount > 1")
    assert ask(tab, "nca.seed") == 0
    assert tab.complaints == []


def test_window_changes_keep_the_texture(paused):
    before = state(paused)
    paused.set_viewport_size({"width": 700, "height": 900})
    wait(paused, "nca.canvas.clientWidth == 700 && nca.canvas.clientHeight == 900")
    assert np.array_equal(state(paused), before)


def test_controls_fade_and_come_back(open_page):
    tab = open_page(RULE, "#paused&size=8x8", prepare=lambda tab: tab.clock.install())
    tab.clock.fast_forward(5000)
    assert tab.locator("body.idle").count() == 1
    tab.mouse.move(300, 300)
    assert tab.locator("body.idle").count() == 0


def test_dark_and_light(open_page):
    background = "getComputedStyle(document.querySelector('#controls')).backgroundColor"
    dark, light = (open_page(RULE, color_scheme=scheme).evaluate(background) for scheme in ("dark", "light"))
    assert dark != light


def test_without_webgl2_it_says_so(open_page):
    tab = open_page(
        RULE, prepare=lambda tab: tab.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    )
    assert "WebGL2" in tab.locator("#hint").inner_text()
    assert tab.locator("#controls").is_hidden()


def test_what_the_driver_says_of_a_broken_shader_is_shown(open_page):
    tab = open_page(RULE, render=lambda bundle: render_page(bundle).replace("float on", "float off"))
    tab.wait_for_function("() => document.body.classList.contains('failed')")
    message = tab.locator("#hint").inner_text()
    assert "'on'" in message


def test_lost_context_comes_back_as_it_was(paused):
    before = state(paused)
    ask(paused, "window.loss = nca.gl.getExtension('WEBGL_lose_context'), loss.loseContext(), null")
    wait(paused, "nca.gl.isContextLost()")
    ask(paused, "setTimeout(() => loss.restoreContext()), null")
    wait(paused, "!nca.gl.isContextLost() && nca.stepCount == 100")
    assert np.array_equal(state(paused), before)
