"""The site, built from docs/: its links, its accessibility, the playground, and no request to another host."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from test_page_access import axe
from test_page_gallery import DROP

from elements import screen
from nca.export.bundle import Bundle
from packages import install, needs_npm
from pages import PHONE
from paths import ROOT
from rules import random_rule
from server import serve

pytest.importorskip("mkdocs", reason='the site needs pip install -e ".[site]"')
pytestmark = pytest.mark.rare

LAPTOP = {"viewport": {"width": 1280, "height": 800}}
SMALL = "#width=64&height=64"
THREE = '<script type="importmap">{"imports": {"three": "./three.module.js"}}</script>'


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The site's folder. The build is strict: a link or an anchor that leads nowhere ends it."""
    folder = tmp_path_factory.mktemp("site") / "built"
    quiet = {"NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    made = subprocess.run(command, cwd=ROOT, env=os.environ | quiet, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture
def visit(built, complaining_tab):
    """Opens a page of the site: visit("playground/", **options of the context)."""
    with serve(built) as site:

        def visit(page, **options):
            tab = complaining_tab(within=site.address, **options)
            tab.goto(f"{site.address}/{page}")
            return tab

        yield visit


def shows(tab, file):
    tab.wait_for_function(
        """(file) => {
          const { src, texture } = document.querySelector("nca-texture");
          return src.endsWith(file) && texture?.stepCount;
        }""",
        arg=file,
        timeout=60_000,
    )


def colours(tab):
    """Their number on the screen: a texture that has not grown has one, and the page another."""
    return len(np.unique(screen(tab).reshape(-1, 3), axis=0))


def sooner_or_later(tab, condition):
    return any(condition() or tab.wait_for_timeout(100) for _ in range(300))


def code(tab):
    return tab.locator("#playground pre code").text_content()


def test_no_page_names_another_host_for_what_it_loads(built):
    loaded = re.compile(
        r'<(?:script|img|iframe|source)[^>]* src="https?:|<link(?![^>]*rel="canonical")[^>]* href="https?:'
    )
    pages = [path for path in built.rglob("*.html") if path.is_file()]
    assert len(pages) > 30
    assert [page for page in pages if loaded.search(page.read_text())] == []


@needs_npm
@pytest.mark.parametrize(("scheme", "device"), [("light", LAPTOP), ("dark", PHONE)], ids=["laptop", "phone"])
def test_axe_finds_nothing_and_nothing_is_too_wide(visit, scheme, device):
    for page in ("", f"playground/{SMALL}"):
        tab = visit(page, color_scheme=scheme, **device)
        shows(tab, "lava.nca.json")
        tab.evaluate(axe())
        found = tab.evaluate("axe.run().then(({ violations }) => violations)")
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == [], page
        assert tab.evaluate("document.documentElement.scrollWidth") == tab.viewport_size["width"]
        assert tab.complaints == []


def test_a_choice_shows_its_texture_changes_the_code_and_stays_in_the_address(visit):
    tab = visit(f"playground/{SMALL}", **LAPTOP)
    tab.locator("label[title=zebra]").click()
    shows(tab, "zebra.nca.json")
    tab.locator("[name=seed]").fill("7")
    tab.locator("[name=fps]").fill("15")
    assert 'src="zebra.nca.json" alt="zebra" seed="7" fps="15" brush="12"' in code(tab)
    assert tab.evaluate("document.querySelector('nca-texture').texture.seed") == 7
    assert tab.evaluate("document.querySelector('nca-texture').fps") == 15
    assert tab.evaluate("location.hash") == "#texture=zebra&width=64&height=64&fps=15&seed=7"
    tab.locator("#playground").get_by_text("Shadertoy").click()
    tab.wait_for_function("document.querySelector('pre code').textContent.includes('#define SEED 7u')")
    tab.locator("#playground").get_by_text("Buffer A").click()
    tab.wait_for_function("document.querySelector('pre code').textContent.includes('mainImage')")
    tab.reload()
    shows(tab, "zebra.nca.json")
    assert tab.complaints == []


def test_a_bundle_of_ones_own_is_shown_and_another_file_refused(visit):
    tab = visit(f"playground/{SMALL}", **LAPTOP)
    shows(tab, "lava.nca.json")
    tab.evaluate(DROP, ["moss.txt", "{}"])
    tab.get_by_text('moss.txt: format is undefined, expected "nca-fixed-1" or "nca-fixed-2"').wait_for()
    tab.evaluate(DROP, ["fern.nca.json", Bundle.of(random_rule(4, 8), "Fern").to_json()])
    tab.get_by_text("fern.nca.json is shown.").wait_for()
    assert 'src="fern.nca.json" alt="Fern"' in code(tab)
    tab.wait_for_function("document.querySelector('nca-texture').texture?.bundle.name == 'Fern'")
    tab.locator("#playground").get_by_text("iframe").click()
    assert code(tab) == "nca export fern.nca.json --format embed\n"


@needs_npm
@pytest.mark.parametrize("use", ["element", "iframe", "module", "three"])
def test_copied_code_runs_beside_its_files(visit, built, new_tab, tmp_path, use):
    tab = visit(f"playground/{SMALL}&form={use}", **LAPTOP)
    text = code(tab)
    for link in tab.locator(".files a").all():
        shutil.copy(built / "play" / link.text_content(), tmp_path)
    if use == "three":
        install()
        for name in ("three.module.js", "three.core.js"):
            shutil.copy(ROOT / "node_modules" / "three" / "build" / name, tmp_path)
        text = f'{THREE}<script type="module">{text}</script>'
    (tmp_path / "index.html").write_text(f'<!doctype html><meta charset="utf-8"><title>Copied</title><body>{text}')
    with serve(tmp_path) as site:
        copied = new_tab(viewport={"width": 320, "height": 240}, fresh=True)
        errors = []
        copied.on("pageerror", lambda error: errors.append(str(error)))
        copied.goto(site.address)
        assert sooner_or_later(copied, lambda: colours(copied) > 100)
        assert errors == []
