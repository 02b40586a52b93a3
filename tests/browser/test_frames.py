"""Exported pages in frames of other people's pages: hidden or tiny at first, scrolled, zoomed."""

import pytest

from nca.export.bundle import Bundle
from nca.export.formats.embed import render_embed
from nca.export.formats.module import render_module
from nca.export.formats.page import render_page
from pages import Fingers
from rules import random_rule
from server import serve

BUNDLE = Bundle.of(random_rule(4, 8, seed=1), "Moss")
SHOWN = "width: 640px; height: 400px"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    (folder / "embed.html").write_text(render_embed(BUNDLE))
    (folder / "page.html").write_text(render_page(BUNDLE))
    (folder / "module").mkdir()
    for name, text in render_module(BUNDLE).items():
        (folder / "module" / name).write_text(text)
    with serve(folder, {"Cache-Control": "no-store"}) as site:
        yield site


@pytest.fixture
def framed(complaining_tab, site):
    """Opens a page with a frame: framed("embed.html", "width: 1px", **options). The answer is the tab and the frame."""

    def framed(source, style, location="", around="", **options):
        frame = f'<iframe src="{source}{location}" style="border: 0; {style}" allow="fullscreen" title="Moss"></iframe>'
        style = "<style>body { margin: 0 } iframe { display: block }</style>"
        (site.folder / "host.html").write_text(f"<!doctype html><title>Host</title>{style}{frame}{around}")
        tab = complaining_tab(viewport={"width": 800, "height": 600}, **options)
        tab.goto(f"{site.address}/host.html")
        return tab, tab.frames[1]

    return framed


def ask(frame, expression):
    """The value of a JavaScript expression of `nca`, the texture in a frame, its `canvas`, and the canvas's `box`."""
    return frame.evaluate(_call(expression))


def wait(frame, condition):
    frame.wait_for_function(_call(condition))


def _call(expression):
    names = "const canvas = document.querySelector('canvas'), box = canvas?.getBoundingClientRect(), nca = canvas?.nca;"
    return f"() => {{ {names} return {expression}; }}"


def resize(tab, style):
    tab.evaluate("(style) => (document.querySelector('iframe').style.cssText = style)", f"border: 0; {style}")


SOURCES = pytest.mark.parametrize("source", ["embed.html", "page.html", "module/"])


@SOURCES
@pytest.mark.parametrize("hidden", ["display: none", "width: 0; height: 0", "width: 1px; height: 1px", "height: 0"])
def test_a_frame_that_was_hidden_or_tiny_fits_when_it_grows(framed, source, hidden):
    tab, frame = framed(source, hidden)
    wait(frame, "nca")
    resize(tab, SHOWN)
    wait(frame, "nca.width > 100 && nca.height > 100 && nca.stepCount > 3 && box.width >= 640")
    left, top, right, bottom = ask(frame, "[box.left, box.top, box.right, box.bottom]")
    assert (left, top) == (0, 0)
    assert 640 <= right < 650
    assert 400 <= bottom < 410
    assert tab.complaints == []


@SOURCES
def test_an_accordion_that_opens_slowly_shows_at_most_three_tiles(framed, source):
    tab, frame = framed(source, "width: 640px; height: 2px")
    wait(frame, "nca")
    for height in (5, 20, 70, 200, 400):
        resize(tab, f"width: 640px; height: {height}px")
        wait(frame, f"innerHeight == {height} && box.height >= {height}")
    assert ask(frame, "canvas.height / nca.scale <= 3 * nca.height")


@pytest.mark.parametrize("source", ["embed.html", "page.html"])
def test_a_frame_that_is_hidden_again_keeps_its_state(framed, source):
    tab, frame = framed(source, SHOWN)
    wait(frame, "nca?.stepCount > 3")
    steps = ask(frame, "nca.stepCount")
    resize(tab, "display: none")
    resize(tab, SHOWN)
    wait(frame, f"innerWidth == 640 && nca.stepCount > {steps}")
    assert tab.complaints == []


@SOURCES
def test_a_still_frame_that_grows_shows_a_grown_texture(framed, source):
    tab, frame = framed(source, "width: 0; height: 0", reduced_motion="reduce")
    wait(frame, "nca")
    resize(tab, SHOWN)
    wait(frame, "nca.width > 100")
    assert ask(frame, "nca.stepCount") == 256


@pytest.mark.parametrize("source", ["embed.html", "page.html"])
def test_a_grid_of_the_address_is_fitted_not_changed(framed, source):
    tab, frame = framed(source, "width: 1px; height: 1px", "#size=64x40&paused")
    wait(frame, "nca")
    resize(tab, SHOWN)
    wait(frame, "box.width == 640")
    assert ask(frame, "[nca.width, nca.height, canvas.width]") == [64, 40, 64]


def test_what_a_visitor_painted_stays_when_a_frame_grows(framed):
    tab, frame = framed("page.html", "width: 100px; height: 100px", "#paused")
    wait(frame, "nca")
    tab.mouse.click(10, 10)
    steps = ask(frame, "(nca.step(7), [nca.width, nca.height, nca.stepCount])")
    resize(tab, SHOWN)
    wait(frame, "box.width >= 640")
    assert ask(frame, "[nca.width, nca.height, nca.stepCount]") == steps


# Scrolling

FAR = '<div style="height: 2000px"></div>'


@SOURCES
def test_a_finger_that_begins_on_a_frame_scrolls_the_page_around_it(framed, source):
    tab, frame = framed(source, SHOWN, around=FAR, has_touch=True)
    wait(frame, "nca?.stepCount > 0")
    fingers = Fingers(tab)
    fingers.down((320, 300))
    for y in range(280, 100, -20):
        fingers.move((320, y))
    fingers.up()
    tab.wait_for_function("() => scrollY > 50")


@SOURCES
def test_the_wheel_scrolls_the_page_around_a_frame(framed, source):
    tab, frame = framed(source, SHOWN, around=FAR)
    wait(frame, "nca?.stepCount > 0")
    tab.mouse.move(320, 200)
    tab.mouse.wheel(0, 100)
    tab.wait_for_function("() => scrollY > 50")


def test_in_a_frame_on_the_full_screen_the_wheel_zooms(framed):
    tab, frame = framed("page.html", SHOWN, "#size=64x40", around=FAR)
    wait(frame, "nca?.stepCount > 0")
    tab.evaluate("document.querySelector('iframe').requestFullscreen()")
    wait(frame, "innerWidth == 800 && getComputedStyle(canvas).touchAction == 'none'")
    before = ask(frame, "box.width")
    tab.mouse.move(320, 200)
    tab.mouse.wheel(0, -400)
    wait(frame, f"box.width > {before}")


# Zoom


@SOURCES
@pytest.mark.parametrize("zoom", ["zoom: 2", "scale: 2; transform-origin: 0 0"])
def test_a_press_in_a_zoomed_frame_erases_the_cells_under_it(framed, source, zoom):
    tab, frame = framed(source, f"width: 390px; height: 290px; {zoom}")
    wait(frame, "nca?.stepCount > 0")
    ask(
        frame,
        """(() => {
      const automaton = nca.automaton ?? nca, { erase } = Object.getPrototypeOf(automaton);
      automaton.erase = (...disc) => ((canvas.erased ??= disc), erase.call(automaton, ...disc));
    })()""",
    )
    tab.mouse.click(390, 290)
    x, y = ask(frame, "canvas.erased.slice(0, 2)")
    across, down = ask(
        frame,
        "[innerWidth / box.width * canvas.width, innerHeight / box.height * canvas.height]"
        ".map((length) => length / nca.scale)",
    )
    assert abs(x - across / 2) <= 1
    assert abs(y - down / 2) <= 1
