"""The documentation's blocks of HTML and JavaScript, in a page that has the files which they name."""

import pytest
from PIL import Image

from documents import PAGES, blocks
from elements import MOSS, shows_many_colours
from nca.export.bundle import load_bundle
from nca.export.formats.element import render_element
from nca.export.formats.embed import render_embed
from nca.export.formats.module import render_module
from paths import LAVA
from server import serve

OTHERS = {
    "docs/module.md": "test_module.py shows the blocks that import something; below are the others",
    "docs/npm.md": "formats/test_npm.py answers in place of the CDN",
    "docs/pictures.md": "formats/test_pictures.py",
}
SHOWN = [block for page in PAGES if page not in OTHERS for block in blocks(page, "html")]
LINES = [block for block in blocks("docs/module.md", "js") if "import" not in block.text]


def test_javascript_stands_in_two_pages():
    assert {page for page in PAGES if blocks(page, "js")} == {"docs/module.md", "docs/npm.md"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("documented")
    files = {**render_element(load_bundle(LAVA)), **render_element(MOSS), **render_module(MOSS)}
    for name, text in {**files, "moss.html": render_embed(MOSS)}.items():
        (folder / name).write_text(text, encoding="utf-8")
    Image.new("RGB", (8, 8), "red").save(folder / "moss.png")  # the texture itself has more colours
    with serve(folder, {"Cache-Control": "no-store"}) as site:
        yield site


@pytest.fixture
def show(complaining_tab, site):
    """Opens a page with this body."""

    def show(body):
        (site.folder / "page.html").write_text(body if "<!doctype" in body else f"<!doctype html><body>{body}")
        tab = complaining_tab(viewport={"width": 640, "height": 400}, within=site.address)
        tab.goto(f"{site.address}/page.html")
        return tab

    return show


@pytest.mark.parametrize("block", SHOWN, ids=str)
def test_a_page_shows_the_texture(show, block):
    script = "" if "<script" in block.text else '<script type="module" src="nca-texture.js"></script>'
    tab = show(script + block.text)
    shows_many_colours(tab)
    assert tab.complaints == []


@pytest.mark.parametrize("block", LINES, ids=str)
def test_lines_run_where_their_names_exist(show, block):
    """`nca` is a texture, and `uv` the place of a click on it."""
    tab = show("<canvas></canvas>")
    tab.evaluate(
        f"""async () => {{
          const {{ create }} = await import("/nca.js");
          const bundle = await (await fetch("/moss.nca.json")).json();
          const nca = create(document.querySelector("canvas"), bundle);
          const uv = {{ x: 0.25, y: 0.75 }};
          {block.text}
        }}"""
    )
    assert tab.complaints == []
