"""The page for everyone: axe-core, keys, names, what is touched, motion, hidden tabs, fallbacks, no network."""

from functools import cache

import pytest

from nca.export.bundle import Bundle
from nca.export.formats.page import render_page
from nca.export.proof import proved
from packages import install, needs_npm
from pages import PHONE, open_panel, wait
from paths import ROOT
from rules import random_rule
from textures import ask

BUNDLES = [proved(Bundle.of(random_rule(4, 8, seed), name)) for seed, name in enumerate(["Moss", "Fern"])]
NO_WEBGL = "HTMLCanvasElement.prototype.getContext = () => null"
PANELS = ["textures", "view", "inside", "take", "keys"]
TOUCHED = ["button", "label:has([name=brush])", "select", "[type=range]", "li a", ".panel label"]
LAPTOP = {"viewport": {"width": 1280, "height": 800}}


@cache
def axe():
    install()
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()


def poster():
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (96, 96), "#446622").save(file, "WEBP")
    return file.getvalue()


def render(*bundles):
    return render_page(*bundles, posters=[poster()] * len(bundles))


@needs_npm
@pytest.mark.parametrize(("scheme", "device"), [("light", LAPTOP), ("dark", PHONE)], ids=["laptop", "phone"])
def test_axe_finds_no_violation_with_any_panel_open(open_page, scheme, device):
    tab = open_page(BUNDLES, "#paused&size=32x24", render=render, color_scheme=scheme, **device)
    ask(tab, "nca.step(30), nca.draw()")
    tab.evaluate(axe())
    for panel in [None, *PANELS]:
        if panel:
            tab.evaluate("(name) => document.querySelector(`[aria-controls=${name}]`).click()", panel)
        found = tab.evaluate("axe.run().then(({ violations }) => violations)")
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == [], panel


def test_what_is_touched_is_large_enough_and_on_the_phone(open_page):
    tab = open_page(BUNDLES, "#paused&size=32x24", render=render, **PHONE)
    for panel in [None, *PANELS]:
        if panel:
            open_panel(tab, panel)
        touched = tab.locator(", ".join(f"{each}:visible" for each in TOUCHED))
        assert touched.count() > 10
        for control in touched.all():
            box = control.bounding_box()
            assert box["height"] >= 44, control.evaluate("(element) => element.outerHTML")
            assert box["width"] >= 44, control.evaluate("(element) => element.outerHTML")
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
        assert tab.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_opens_and_closes_by_keys_and_gives_the_focus_back(open_page, panel):
    tab = open_page(BUNDLES, "#paused&size=8x8")
    opener = tab.locator(f"[aria-controls={panel}]")
    opener.focus()
    tab.keyboard.press("Enter")
    assert tab.locator(f"#{panel}").is_visible()
    assert opener.get_attribute("aria-expanded") == "true"
    tab.locator(f"#{panel} .close").focus()
    tab.keyboard.press("Escape")
    assert tab.locator(f"#{panel}").is_hidden()
    assert opener.get_attribute("aria-expanded") == "false"
    assert opener.evaluate("(element) => element == document.activeElement")


def test_one_panel_at_a_time_by_its_letter(open_page):
    tab = open_page(BUNDLES, "#paused&size=8x8")
    for key, panel in zip("gvitk", PANELS, strict=True):
        tab.keyboard.press(key)
        assert [each.get_attribute("id") for each in tab.locator(".panel:visible").all()] == [panel]
    tab.keyboard.press("k")
    assert tab.locator(".panel:visible").count() == 0


@pytest.mark.parametrize("panel", [None, *PANELS])
def test_tab_reaches_every_control_each_named_and_with_a_visible_focus(open_page, panel):
    tab = open_page(BUNDLES, "#paused&size=8x8", render=render)
    if panel:
        tab.keyboard.press("gvitk"[PANELS.index(panel)])
    reached = set()
    for _ in range(60):
        tab.keyboard.press("Tab")
        name, shown, key = tab.evaluate(
            """() => {
              const { activeElement: at } = document;
              const shown = ["radio", "file"].includes(at.type) ? at.parentElement : at;
              const name = at.ariaLabel || at.labels?.[0]?.textContent || at.textContent;
              return [name, getComputedStyle(shown).outlineStyle, at.id || at.name || at.hash || name];
            }"""
        )
        if key in reached or tab.evaluate("document.activeElement == document.body"):
            break  # round once
        assert name.strip()
        assert shown != "none", key
        reached.add(key)
    wanted = tab.locator("main button:visible, main select:visible, main a:visible").count()
    assert len(reached) >= wanted


def test_playing_stops_while_the_page_is_hidden(open_page):
    tab = open_page(BUNDLES, "#size=8x8")
    wait(tab, "nca.playing")
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    tab.evaluate(hide, True)
    assert not ask(tab, "nca.playing")
    tab.evaluate(hide, False)
    assert ask(tab, "nca.playing")


def test_playing_stops_where_a_frame_is_scrolled_away(browser, tmp_path):
    (tmp_path / "moss.html").write_text(render_page(BUNDLES[0]), encoding="utf-8")
    (tmp_path / "page.html").write_text('<iframe src="moss.html#size=8x8"></iframe><div style="height: 9000px">')
    tab = browser.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    frame = tab.frames[1]
    frame.wait_for_function("() => document.querySelector('canvas')?.nca?.playing")
    tab.evaluate("scrollTo(0, 8000)")
    tab.wait_for_timeout(300)
    steps = "document.querySelector('canvas').nca.stepCount"
    before = frame.evaluate(steps)
    tab.wait_for_timeout(500)
    assert frame.evaluate(steps) == before
    tab.evaluate("scrollTo(0, 0)")
    frame.wait_for_function(f"() => {steps} > {before}")
    tab.close()


def test_without_webgl2_a_picture_and_a_sentence_stand_in(open_page):
    tab = open_page(
        BUNDLES,
        render=render,
        prepare=lambda tab: tab.add_init_script(NO_WEBGL),
    )
    assert "WebGL2" in tab.locator("#hint").inner_text()
    assert tab.locator("#controls").is_hidden()
    assert tab.evaluate("getComputedStyle(document.body).backgroundImage").startswith('url("data:image/webp')


def test_without_javascript_a_sentence_and_the_pictures_are_there(open_page):
    tab = open_page(BUNDLES, render=render, java_script_enabled=False)
    assert "JavaScript" in tab.locator("#hint").inner_text()
    assert tab.locator("h1").inner_text() == "Moss"


def test_everything_once_without_a_complaint_or_a_request(open_page):
    tab = open_page(BUNDLES, "#paused&size=8x8", render=render)
    for key in "s1 2 3 4 5 6 1zx0nsp+-[]bcgvitku":
        tab.keyboard.press("Space" if key == " " else key)
    for key in ("Enter", "ArrowLeft", "Shift+ArrowLeft", "Escape"):
        tab.keyboard.press(key)
    ask(tab, "nca.step(2)")
    assert tab.complaints == []
