"""The element as frameworks and tools use it: properties set early, modules loaded twice, documents, zoom, jsdom."""

import numpy as np
import pytest

from elements import MOSS, ask, grown, paused, picture, screen, state, tiled, wait
from nca.rule.reference import erase

SILENT = {"width": 800, "height": 600}


@pytest.fixture
def bare(complaining_tab, site):
    """Opens a page of the site without the module. `tab.load(address)` imports the module."""

    def bare(body):
        (site.folder / "bare.html").write_text(f"<!doctype html><title>Bare</title><body>{body}")
        tab = complaining_tab(viewport=SILENT, fresh=True)
        tab.goto(f"{site.address}/bare.html")
        tab.load = lambda address="nca-texture.js": tab.evaluate("(at) => import(at).then(() => {})", f"/{address}")
        return tab

    return bare


def test_properties_that_were_set_before_the_module_ran_count(bare):
    """As Vue, Svelte and React set them while the module is still on its way."""
    tab = bare("<nca-texture></nca-texture>")
    ask(tab, "Object.assign(e, { src: 'moss.nca.json', grid: '40', seed: '7', brush: 3, paused: true })")
    tab.load()
    wait(tab, "e.texture")
    assert ask(tab, "[e.getAttribute('seed'), e.seed, e.brush, e.paused, e.texture.seed]") == ["7", 7, 3, True, 7]
    ask(tab, "(e.seed = 8, e.step(30))")
    assert np.array_equal(state(tab), grown(30, seed=8, width=40, height=40).numpy())
    assert tab.complaints == []


def test_a_bundle_that_was_set_before_the_module_ran_counts(bare):
    tab = bare('<nca-texture paused grid="40"></nca-texture>')
    ask(tab, "(e.bundle = a[0], 0)", MOSS.fields())
    tab.load()
    wait(tab, "e.texture")
    ask(tab, "e.step(30)")
    assert np.array_equal(state(tab), grown(30, width=40, height=40).numpy())


def test_properties_of_an_element_that_is_not_in_the_page_yet(show):
    tab = show("")
    ask(
        tab,
        "(() => { const e = document.createElement('nca-texture');"
        " Object.assign(e, { src: 'moss.nca.json', grid: '40', paused: true }); document.body.append(e); })()",
    )
    wait(tab, "e.texture?.width == 40")


def test_the_module_may_be_loaded_twice(bare):
    """By two bundles of a page, a hot reload, or with a version in its address."""
    tab = bare('<nca-texture src="moss.nca.json" paused grid="40"></nca-texture>')
    tab.load()
    tab.load("nca-texture.js?v=2")
    wait(tab, "e.texture")
    ask(tab, "e.step(30)")
    assert np.array_equal(state(tab), grown(30, width=40, height=40).numpy())
    assert tab.complaints == []


def test_it_moves_into_another_document_and_back(show):
    """A frame or a window of its own; a style sheet belongs to one document."""
    tab = paused(show, 'grid="40"')
    ask(tab, "e.step(30)")
    tab.evaluate("""() => {
      const frame = Object.assign(document.createElement("iframe"), { width: 400, height: 300 });
      document.body.append(frame);
      globalThis.e = document.querySelector("nca-texture");
      globalThis.inside = frame.contentDocument;
      inside.body.append(e);
    }""")
    measure = "() => [e.offsetWidth, getComputedStyle(e.shadowRoot.querySelector('canvas')).imageRendering]"
    assert tab.evaluate(measure) == [256, "pixelated"]
    assert tab.evaluate("e.texture.stepCount") == 30
    tab.evaluate("e.play()")
    tab.wait_for_function("() => e.texture.stepCount > 33")
    tab.evaluate("e.style.width = '128px'")
    tab.wait_for_function("() => e.shadowRoot.querySelector('canvas').width == 64")
    tab.evaluate("(e.pause(), e.style.width = '', document.body.prepend(e))")
    assert tab.evaluate(measure) == [256, "pixelated"]
    wait(tab, "e.shadowRoot.querySelector('canvas').width == 128")
    steps = ask(tab, "e.texture.stepCount")
    assert np.array_equal(picture(tab), tiled(grown(steps, width=40, height=40), 128, 128))
    assert tab.complaints == []


def test_it_may_stand_in_a_document_without_a_window_for_a_while(show):
    tab = paused(show, 'grid="40"')
    tab.evaluate("""() => {
      globalThis.e = document.querySelector("nca-texture");
      document.implementation.createHTMLDocument().body.append(e);
      document.body.append(e);
    }""")
    ask(tab, "e.step(30)")
    assert np.array_equal(picture(tab), tiled(grown(30, width=40, height=40), 128, 128))
    assert ask(tab, "e.offsetWidth") == 256


@pytest.mark.parametrize("style", ["zoom: 2", "scale: 2; transform-origin: 0 0", ""])
def test_a_press_erases_the_cells_under_it_in_a_zoomed_page(show, style):
    tab = paused(show, 'grid="40" brush="3"')
    ask(
        tab,
        "(document.body.style.cssText = a[0], e.style.cssText = 'display: block', e.step(30))",
        f"margin: 0; {style}",
    )
    side = 4 if style else 2
    wait(tab, "e.texture.stepCount == 30")
    tab.mouse.click(9 * side + 1, 5 * side + 1)
    assert np.array_equal(state(tab), erase(grown(30, width=40, height=40), 9, 5, 3).numpy())


JSDOM = """
  for (const name of ["matchMedia", "IntersectionObserver", "ResizeObserver"]) delete globalThis[name];
  delete CSSStyleSheet.prototype.replaceSync;
"""
INTERNALS = [
    "delete HTMLElement.prototype.attachInternals;",
    "Object.defineProperty(ElementInternals.prototype, 'role', { set() { throw new TypeError('jsdom 26'); } });",
]


@pytest.mark.parametrize("internals", INTERNALS)
def test_without_what_jsdom_lacks_it_shows_nothing_and_breaks_nothing(show, internals):
    tab = show('<nca-texture src="moss.nca.json" alt="Moss"></nca-texture>', prepare=JSDOM + internals)
    wait(tab, "e.matches(':defined')")
    ask(tab, "(e.seed = '7', e.play(), e.pause(), e.reset(), e.alt = 'Other')")
    assert ask(tab, "[e.seed, e.paused, e.texture]") == [7, True, None]
    ask(tab, "e.remove()")
    assert tab.complaints == []


def test_without_matchmedia_alone_it_runs(show):
    tab = show('<nca-texture src="moss.nca.json"></nca-texture>', prepare="delete globalThis.matchMedia;")
    wait(tab, "e.texture?.stepCount > 3")
    assert len(np.unique(screen(tab))) > 1
    assert tab.complaints == []
