"""Hypothesis without a deadline, one browser for all tests of a process, tabs in it, kernels of notebooks, ffmpeg."""

import os
import shutil
import signal
from itertools import count

import pytest
import torch
from hypothesis import settings
from PIL import Image

import make_npm
from elements import HEAD, MOSS, STRICT
from nca.export.bundle import Bundle
from nca.export.check.browser import start
from nca.export.formats.element import render_element
from nca.export.formats.page import render_page
from paths import ROOT
from server import serve

LAPTOP, WINDOW = {"width": 1280, "height": 800}, {"width": 800, "height": 600}
STALL = "GPU stall due to ReadPixels"  # what SwiftShader says of the tests' own reading

settings.register_profile("suite", deadline=None)  # a busy machine may take long for any example
settings.load_profile("suite")
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


@pytest.fixture(scope="session")
def kept_tab(browser):
    """The tab that tests use one after another: a fresh one takes a process, and half a second of CPU time."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def new_tab(browser, kept_tab):
    """An empty tab with options of the browser's context: new_tab(viewport={"width": 640, "height": 400}, **options).

    A test's first tab without other options is the kept one, unless `fresh` is true: for scripts that stay in a tab.
    """
    free, contexts = [kept_tab], []

    def new_tab(viewport, *, fresh=False, **options):
        if free and not (fresh or options):
            free[0].set_viewport_size(viewport)
            free[0].set_default_timeout(30_000)
            return free.pop()
        contexts.append(browser.new_context(viewport=viewport, **options))
        return contexts[-1].new_page()

    yield new_tab
    for context in contexts:
        context.close()
    if not free:
        kept_tab.unroute_all()
        kept_tab.mouse.move(-1, -1)
        kept_tab.goto("about:blank")


@pytest.fixture
def complaining_tab(new_tab):
    """As `new_tab`; `complaints` holds what the tab wrote to the console, the errors it met and what it asked for.

    within: a part of the addresses that it may ask for.
    """
    watched = []

    def complaining_tab(*, within="", **options):
        tab = new_tab(**options)
        tab.complaints = []
        listeners = {
            "console": lambda message: STALL in message.text or tab.complaints.append(message.text),
            "pageerror": lambda error: tab.complaints.append(str(error)),
            "request": lambda request: within in request.url or tab.complaints.append(request.url),
        }
        for event, listener in listeners.items():
            tab.on(event, listener)
        watched.append((tab, listeners))
        return tab

    yield complaining_tab
    for tab, listeners in watched:
        for event, listener in listeners.items():
            tab.remove_listener(event, listener)


@pytest.fixture
def open_page(complaining_tab, tmp_path):
    """Opens a page from disk, of a rule, a bundle or several: open_page(texture, "#seed=7", **options of the context).

    The tab's `complaints` holds what it wrote to the console, the errors it met and what it asked the network for.
    """
    numbers = count()

    def open_page(texture, location="", prepare=None, render=render_page, viewport=LAPTOP, **options):
        textures = texture if isinstance(texture, list) else [texture]
        bundles = [each if isinstance(each, Bundle) else Bundle.of(each, "Moss") for each in textures]
        path = tmp_path / f"{next(numbers)}.html"
        path.write_text(render(*bundles), encoding="utf-8")
        tab = complaining_tab(viewport=viewport, within="file:", fresh=bool(prepare), **options)
        tab.set_default_timeout(10_000)
        if prepare:
            prepare(tab)
        tab.goto(path.as_uri() + location)
        return tab

    return open_page


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    for name, text in render_element(MOSS).items():
        (folder / name).write_text(text, encoding="utf-8")
    Image.new("RGB", (8, 8), "red").save(folder / "poster.png")
    with serve(folder, {**STRICT, "Cache-Control": "no-store"}) as site:  # a tab that is kept would keep test.html
        yield site


@pytest.fixture(scope="session")
def tarball(tmp_path_factory):
    """The npm package."""
    return make_npm.main(tmp_path_factory.mktemp("npm"))


@pytest.fixture
def foreground():
    """Signals as a terminal's program has them: in the background or under nohup, SIGINT or SIGHUP would be ignored."""
    usual = {signal.SIGHUP: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def show(complaining_tab, site):
    """Opens a page with this body: show('<nca-texture src="moss.nca.json">', **options of the browser's context).

    The tab's `complaints` holds what it wrote to the console and the errors it met.
    """

    def show(body, prepare="", viewport=WINDOW, **options):
        site.asked.clear()
        (site.folder / "test.html").write_text(f"{HEAD}<body>{body}", encoding="utf-8")
        tab = complaining_tab(viewport=viewport, fresh=bool(prepare), **options)
        if prepare:
            tab.add_init_script(prepare)
        tab.goto(f"{site.address}/test.html")
        return tab

    return show


@pytest.fixture
def sources(monkeypatch, tmp_path):
    """Kernels import these sources, one thread each, and leave their files in a temporary folder."""
    settings = {"PYTHONPATH": ROOT, "OMP_NUM_THREADS": 1, "IPYTHONDIR": tmp_path / "ipython"}
    settings |= {f"JUPYTER_{name}_DIR": tmp_path / name for name in ("CONFIG", "DATA", "RUNTIME")}
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))


@pytest.fixture
def ffmpeg(tmp_path, monkeypatch):
    """An ffmpeg on PATH: the machine's, else the one in a Python package."""
    if not shutil.which("ffmpeg"):
        packaged = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "ffmpeg").symlink_to(packaged)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    return "ffmpeg"
