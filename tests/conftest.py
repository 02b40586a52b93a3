"""One browser for all tests, a fresh tab for each."""

import pytest
import torch
from elements import HEAD, MOSS, Site
from PIL import Image

from nca.export.browser import start
from nca.export.bundle import Bundle
from nca.export.element import render_element
from nca.export.html import render_page

torch.set_num_threads(1)  # on a busy machine torch's threads wait for each other, up to fifty times as long


@pytest.fixture(scope="session")
def playwright():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright):
    """Chromium on llvmpipe, which runs large shaders four times faster than SwiftShader, where that is installed."""
    for renderer in ("llvmpipe", "default"):
        with start(playwright, renderer=renderer) as running:
            if draws(running):
                yield running
                return
    pytest.fail("this browser has no WebGL2")


def draws(browser):
    tab = browser.new_page()
    works = tab.evaluate("() => Boolean(document.createElement('canvas').getContext('webgl2'))")
    tab.close()
    return works


@pytest.fixture
def open_page(browser, tmp_path):
    """Opens a page from disk, of a rule, a bundle or several: open_page(texture, "#seed=7", **options of the context).

    The tab's `complaints` holds what it wrote to the console, the errors it met and what it asked the network for.
    """
    contexts = []

    def open_page(texture, location="", prepare=lambda tab: None, render=render_page, **options):
        textures = texture if isinstance(texture, list) else [texture]
        bundles = [each if isinstance(each, Bundle) else Bundle.of(each, "Moss") for each in textures]
        path = tmp_path / f"{len(contexts)}.html"
        path.write_text(render(*bundles), encoding="utf-8")
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options}))
        tab = contexts[-1].new_page()
        tab.set_default_timeout(10_000)
        tab.complaints = []
        tab.on("console", lambda message: tab.complaints.append(message.text))
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.on("request", lambda request: request.url.startswith("file:") or tab.complaints.append(request.url))
        prepare(tab)
        tab.goto(path.as_uri() + location)
        return tab

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    for name, text in render_element(MOSS).items():
        (folder / name).write_text(text, encoding="utf-8")
    Image.new("RGB", (8, 8), "red").save(folder / "poster.png")
    with Site(folder) as site:
        yield site


@pytest.fixture
def show(browser, site):
    """Opens a page with this body: show('<nca-texture src="moss.nca.json">', **options of the browser's context).

    The tab's `complaints` holds what it wrote to the console and the errors it met.
    """
    contexts = []

    def show(body, prepare="", **options):
        site.asked.clear()
        (site.folder / "test.html").write_text(f"{HEAD}<body>{body}", encoding="utf-8")
        contexts.append(browser.new_context(**{"viewport": {"width": 800, "height": 600}, **options}))
        tab = contexts[-1].new_page()
        tab.complaints = []
        tab.on("console", lambda message: tab.complaints.append(message.text))
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.add_init_script(prepare)
        tab.goto(site.address + "test.html")
        return tab

    yield show
    for context in contexts:
        context.close()
