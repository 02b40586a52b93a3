"""The custom element: what it computes and shows, in pages of a strict Content Security Policy, and its export."""

import base64
import gzip
import io
import json
import shutil
import subprocess
from contextlib import ExitStack

import numpy as np
import pytest
from PIL import Image

from command import nca
from elements import HEAD, MOSS, POLICY, RULE, ask, grown, paused, picture, screen, state, tiled, wait
from nca import UserError
from nca.export.bundle import Bundle
from nca.export.formats.element import render_element
from nca.rule.reference import erase, rgb_bytes
from other_browsers import firefox, webkit
from paths import LAVA, ROOT
from server import serve
from textures import BASE64


def test_state_and_picture_equal_torch(show):
    tab = paused(show, 'grid="44x31" seed="5"')
    for done, steps in ((0, 1), (1, 39), (40, 300)):
        ask(tab, "e.step(a[0])", steps)
        expected = grown(done + steps, seed=5, width=44, height=31)
        assert np.array_equal(state(tab), expected.numpy())
        assert np.array_equal(picture(tab), tiled(expected, 128, 128))
    assert tab.complaints == []


def test_the_shaders_of_a_file_never_run(show, site):
    """Files of earlier versions hold some, and a stranger's could keep a device busy for ever."""
    endless = "#version 300 es\nvoid main() { for (;;); }"
    shaders = dict.fromkeys(("vertex", "step", "brush", "display"), endless)
    (site.folder / "foreign.json").write_text(json.dumps(MOSS.fields() | {"shaders": shaders}))
    tab = show('<nca-texture src="foreign.json" paused grid="44x31"></nca-texture>')
    wait(tab, "e.texture")
    ask(tab, "e.step(40)")
    assert np.array_equal(state(tab), grown(40, width=44, height=31).numpy())
    assert np.array_equal(picture(tab), tiled(grown(40, width=44, height=31), 128, 128))
    assert tab.complaints == []


@pytest.mark.parametrize(("ratio", "cell", "side"), [(1, "", 2), (1, "5", 5), (1.25, "", 3), (3, "", 6), (2, "0.5", 1)])
def test_a_cell_is_a_square_of_whole_device_pixels(show, ratio, cell, side):
    tab = paused(show, f'grid="40x30" {cell and f"cell={cell}"}', device_scale_factor=ratio)
    ask(tab, "e.style.cssText = 'display:block; position:absolute; left:0; top:0; width:100px; height:80px'")
    wait(tab, f"e.shadowRoot.querySelector('canvas').width == Math.ceil(100 * {ratio} / {side})")
    ask(tab, "e.step(60)")
    shown = screen(tab, {"x": 0, "y": 0, "width": 100, "height": 80})
    height, width, _ = shown.shape
    cells = tiled(grown(60, width=40, height=30), -(-width // side), -(-height // side))
    assert np.array_equal(shown, cells.repeat(side, 0).repeat(side, 1)[:height, :width])


def test_without_a_grid_cells_fill_the_element_and_a_larger_element_repeats_them(show):
    tab = paused(show)
    assert ask(tab, "[e.texture.width, e.texture.height]") == [128, 128]
    ask(tab, "e.step(50)")
    ask(tab, "e.style.width = '400px'")
    wait(tab, "e.shadowRoot.querySelector('canvas').width == 200")
    assert np.array_equal(picture(tab), tiled(grown(50), 200, 128))
    ask(tab, "e.reset()")
    assert ask(tab, "[e.texture.width, e.texture.height, e.texture.stepCount]") == [200, 128, 0]


def test_brush_methods(show):
    tab = paused(show, 'grid="40"')
    ask(tab, "e.step(50), e.keep(), e.erase(3, 39, 9)")
    before = grown(50, width=40, height=40)
    assert np.array_equal(state(tab), erase(before, 3, 39, 9).numpy())
    assert np.array_equal(picture(tab), tiled(erase(before, 3, 39, 9), 128, 128))
    ask(tab, "e.restore(3, 39, 20)")
    assert np.array_equal(state(tab), before.numpy())


def test_to_blob_is_the_grid_pixel_by_pixel(show):
    tab = paused(show, 'grid="44x31"')
    ask(tab, "e.step(50)")
    expected = rgb_bytes(grown(50, width=44, height=31))
    for scale in (1, 4):
        found = blob(tab, "image/png", scale)
        assert found.format == "PNG"
        assert np.array_equal(np.array(found.convert("RGB")), expected.repeat(scale, 0).repeat(scale, 1))
    assert blob(tab, "image/webp", 1).format == "WEBP"
    assert np.array_equal(picture(tab), tiled(grown(50, width=44, height=31), 128, 128))


def blob(tab, kind, scale):
    data = ask(
        tab,
        f"e.toBlob(a[0], a[1]).then((b) => b.arrayBuffer()).then((b) => ({BASE64})(new Uint8Array(b)))",
        kind,
        scale,
    )
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.mark.renderers
@pytest.mark.parametrize("name", ["firefox", "webkit"])
def test_other_browsers_equal_torch(name, site, tmp_path):
    with ExitStack() as stack:
        try:
            tab = stack.enter_context(firefox(tmp_path) if name == "firefox" else webkit())
        except UserError as error:
            pytest.skip(str(error))
        body = '<body><nca-texture src="moss.nca.json" paused grid="44x31"></nca-texture>'
        (site.folder / "test.html").write_text(HEAD + body, encoding="utf-8")
        tab.goto(f"{site.address}/test.html")
        ask(tab, "new Promise((done) => (e.texture ? done() : (e.onload = () => done())))")
        ask(tab, "e.step(60)")
        assert np.array_equal(state(tab), grown(60, width=44, height=31).numpy())
        assert np.array_equal(picture(tab), tiled(grown(60, width=44, height=31), 128, 128))


# The export


def test_the_module_is_small():
    module = render_element(MOSS)["nca-texture.js"]
    assert len(gzip.compress(module.encode(), 9)) <= 10_690


def test_the_page_beside_it_shows_it_from_a_server_and_says_so_from_disk(browser, site):
    strict = site.headers[POLICY]
    site.headers[POLICY] = "default-src 'self' 'unsafe-inline' data:"  # the page has a style of its own
    tab = browser.new_page()
    try:
        tab.goto(site.address)
        wait(tab, "e.texture?.stepCount > 3")
        assert tab.title() == "Moss"
        assert ask(tab, "e.getBoundingClientRect().width") == tab.evaluate("innerWidth")
        assert tab.locator("p").is_hidden()
        tab.goto((site.folder / "index.html").as_uri())
        assert tab.get_by_text("This page needs a server").is_visible()
    finally:
        site.headers[POLICY] = strict
        tab.close()


def test_the_example_runs_from_the_checkout(browser):
    with serve(ROOT, {POLICY: "default-src 'self' 'unsafe-inline' data: blob:"}) as site:
        tab = browser.new_page(accept_downloads=True)
        complaints = []
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(f"{site.address}/examples/element.html")
        wait(tab, "all.length == 25 && all.every((e) => e.texture?.stepCount > 3)")
        tab.get_by_role("button", name="Pause").click()
        tab.get_by_role("button", name="Another seed").click()
        assert ask(tab, "[e.paused, e.texture.seed, e.texture.stepCount]") == [True, 1, 0]
        with tab.expect_download() as download:
            tab.get_by_role("button", name="Save").click()
        with Image.open(download.value.path()) as saved:
            assert list(saved.size) == ask(tab, "[2 * e.texture.width, 2 * e.texture.height]")
        assert complaints == []
        tab.close()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Lava flow", "lava-flow.nca.json"),
        ("苔", "texture.nca.json"),
        ("../<b>&", "b.nca.json"),
        ("a/b c", "a-b-c.nca.json"),
    ],
)
def test_any_name_makes_a_file_and_an_address(name, file):
    files = render_element(Bundle.of(RULE, name))
    assert set(files) == {"nca-texture.js", file, "index.html", "README.txt"}
    assert f'src="{file}"' in files["index.html"]
    assert "<b>" not in files["index.html"]
    assert f'src="{file}"' in files["README.txt"]


def test_the_readme_and_the_page_name_every_attribute():
    readme = render_element(MOSS)["README.txt"]
    page = (ROOT / "docs" / "element.md").read_text()
    for name in ("src", "alt", "seed", "speed", "fps", "paused", "grid", "cell", "brush", "poster"):
        assert f"\n  {name} " in readme
        assert f"| `{name}` |" in page


def test_the_command_writes_the_folder_and_replaces_only_its_own(tmp_path):
    command = ["export", LAVA, "--format", "element", "-o", tmp_path / "out"]
    for options, code in (([], 0), ([], 1), (["--force"], 0)):
        assert nca(*command, *options).exit_code == code
    (tmp_path / "out" / "nca-texture.js").unlink()
    assert nca(*command, "--force").exit_code == 1


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")
def test_a_server_can_import_it(tmp_path):
    (tmp_path / "nca-texture.mjs").write_text(render_element(MOSS)["nca-texture.js"])
    for module in (tmp_path / "nca-texture.mjs", ROOT / "viewer" / "element" / "element.js"):
        script = f"const m = await import({str(module)!r}); console.log(Object.keys(m).join());"
        ran = subprocess.run(
            ["node", "--no-warnings", "--input-type=module", "--eval", script], capture_output=True, text=True
        )
        assert ran.stderr == ""
        assert "NcaTexture" in ran.stdout
