"""What a decoder shows on the page, in the embedded page, the element, and the module: torch's bytes."""

import base64
import json

import numpy as np
import pytest
import torch

import elements
from decoders import random_decoder
from nca.export.bundle import Bundle
from nca.export.formats.element import render_element
from nca.export.formats.embed import render_embed
from nca.rule.decode import decode, painted_decode
from nca.rule.decoder import DETAILS
from nca.rule.painted import paint
from nca.rule.reference import reference_rollout, seed_state
from pages import wait
from rules import random_rule
from server import serve
from textures import BASE64, ask, pixels, state

RULE = random_rule(8, 32, seed=1)
DECODER = random_decoder(8, 16, 2)
MOSS = Bundle.of(RULE, "Moss", decoder=DECODER)
SIZE = "size=23x16"
# What the canvas shows, top row first: drawn anew, since a canvas on the page keeps nothing.
SHOWN = f"""() => {{
  const {{ nca }} = document.querySelector("canvas"), {{ width, height }} = nca.canvas, {{ gl }} = nca;
  nca.draw();
  const bytes = new Uint8Array(4 * width * height);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  return [width, height, ({BASE64})(bytes)];
}}"""


def shown(tab):
    width, height, data = tab.evaluate(SHOWN)
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)[::-1, :, :3]


def grown(steps=30, width=23, height=16, seed=0):
    return reference_rollout(RULE, seed_state(RULE, height, width), steps, seed=seed)


def lose_and_restore(tab):
    ask(tab, "(window.lose = nca.gl.getExtension('WEBGL_lose_context'), lose.loseContext(), 0)")
    wait(tab, "nca.gl.isContextLost()")
    ask(tab, "setTimeout(() => lose.restoreContext(), 50)")
    wait(tab, "!nca.gl.isContextLost()")


@pytest.fixture
def page(open_page):
    """A window of 23 x 16 cells, each `side` device pixels wide: page(side, bundle, ...)."""

    def page(side, *bundles, **options):
        window = {"width": 23 * side, "height": 16 * side}
        tab = open_page(list(bundles) or MOSS, f"#paused&{SIZE}", viewport=window, **options)
        ask(tab, "nca.step(30), nca.draw()")
        return tab

    return page


# The page


@pytest.mark.parametrize("detail", DETAILS)
def test_the_page_shows_the_detail_that_its_zoom_calls_for(page, detail):
    tab = page(detail)
    assert np.array_equal(shown(tab), decode(DECODER, grown(), detail))
    lose_and_restore(tab)
    wait(tab, "nca.stepCount == 30")
    assert np.array_equal(shown(tab), decode(DECODER, grown(), detail))
    assert [line for line in tab.complaints if "CONTEXT_LOST" not in line] == []


@pytest.mark.parametrize(("side", "detail", "smooth"), [(3, 4, True), (5, 8, True), (8, 8, False), (16, 8, False)])
def test_the_canvas_has_at_least_a_pixel_for_each_of_the_screens_up_to_8_a_cell(page, side, detail, smooth):
    tab = page(side)
    assert np.array_equal(shown(tab), decode(DECODER, grown(), detail))
    box = tab.locator("main > canvas").bounding_box()
    assert (box["width"], box["height"]) == (23 * side, 16 * side)
    rendering = tab.evaluate("getComputedStyle(document.querySelector('canvas')).imageRendering")
    assert rendering == ("auto" if smooth else "pixelated")


def test_device_pixels_count(open_page):
    tab = open_page(MOSS, f"#paused&{SIZE}", viewport={"width": 46, "height": 32}, device_scale_factor=2)
    ask(tab, "nca.step(30)")
    assert np.array_equal(shown(tab), decode(DECODER, grown(), 4))
    assert tab.locator("main > canvas").bounding_box()["width"] == 46


def test_a_moved_and_magnified_view_decodes_what_it_shows(page):
    tab = page(20)
    tab.keyboard.press("5")  # the hand
    tab.mouse.move(200, 200)
    tab.mouse.down()
    tab.mouse.move(245, 160)  # 2.25 cells to the right, 2 up
    tab.mouse.up()
    whole = decode(DECODER, grown(), 8)
    moved = np.roll(whole, (-16, 24), (0, 1))
    assert np.array_equal(shown(tab)[: 16 * 8, : 23 * 8], moved)
    assert tab.locator("main > canvas").bounding_box()["x"] == -15
    tab.keyboard.press("1")
    tab.mouse.click(230, 110)
    assert (state(tab)[:, 5 + 2, 11 - 2] == 0).all()


def test_a_tile_alone_is_decoded_only_where_the_window_shows_it(page):
    tab = page(8)
    tab.evaluate("document.querySelector('#tiled').click()")
    for _ in range(8):
        tab.keyboard.press("z")
    zoom = float(tab.locator("#zoom ~ output").text_content().split()[0]) / 100
    assert zoom > 40
    width, height = ask(tab, "[nca.canvas.width, nca.canvas.height]")
    assert width <= 8 * (23 * 8 / zoom + 2)
    assert height <= 8 * (16 * 8 / zoom + 2)
    box = tab.locator("main > canvas").bounding_box()
    assert box["x"] <= 0 <= 23 * 8 <= box["x"] + box["width"]


@pytest.mark.parametrize("chosen", DETAILS)
def test_the_detail_can_be_chosen(page, chosen):
    tab = page(4)
    tab.evaluate("document.querySelector('[aria-controls=view]').click()")
    choice = tab.locator("#detail")
    choice.select_option(str(chosen))
    assert np.array_equal(shown(tab), decode(DECODER, grown(), chosen))
    assert tab.locator("#detail ~ output").text_content() == f"{chosen} px a cell"
    choice.select_option("auto")
    assert np.array_equal(shown(tab), decode(DECODER, grown(), 4))


def test_without_a_decoder_there_is_no_detail_to_choose(page):
    tab = page(8, Bundle.of(RULE, "Moss"), MOSS)
    detail = "document.querySelector('label:has(#detail)').hidden"
    assert tab.evaluate(detail)
    assert ask(tab, "[nca.canvas.width, nca.canvas.height]") == [23, 16]
    tab.keyboard.press("n")
    wait(tab, "nca.bundle.decoder")
    assert not tab.evaluate(detail)


def test_channels_and_mask_stay_a_pixel_a_cell(page):
    tab = page(8)
    for value in ("3", "mask"):
        tab.evaluate(f"document.querySelector('#shows [value=\"{value}\"]').click()")
        assert ask(tab, "[nca.canvas.width, nca.canvas.height]") == [23, 16]
    tab.evaluate("document.querySelector('#shows [value=colour]').click()")
    assert np.array_equal(shown(tab), decode(DECODER, grown(), 8))


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8, 11])
def test_pixels_are_decoded_at_the_detail_that_fits(page, scale):
    """Where a cell's side is no detail, each pixel is the decoded one under its middle."""
    detail = next((each for each in DETAILS if each >= scale), 8)
    whole = decode(DECODER, grown(), detail)
    y, x = ((2 * np.arange(size * scale) + 1) * detail // (2 * scale) for size in (16, 23))
    assert np.array_equal(pixels(page(8), scale)[..., :3], whole[y][:, x])


def test_a_slow_device_lowers_the_detail(open_page):
    """A fence that is late in two of three frames stands for a slow device. It also notes how wide the canvas is."""
    slow = """
      let frame = 0;
      globalThis.widths = [];
      const { getSyncParameter } = WebGL2RenderingContext.prototype;
      WebGL2RenderingContext.prototype.getSyncParameter = function (...values) {
        widths.push(this.canvas.width);
        return frame++ % 3 < 2 ? this.UNSIGNALED : getSyncParameter.apply(this, values);
      };
    """
    tab = open_page(
        MOSS,
        f"#{SIZE}",
        viewport={"width": 23 * 8, "height": 16 * 8},
        prepare=lambda tab: tab.add_init_script(slow),
    )
    wait(tab, "nca.canvas.width == 23")
    assert ask(tab, "widths[0]") == 23 * 8
    box = tab.locator("main > canvas").bounding_box()
    assert (box["width"], box["height"]) == (23 * 8, 16 * 8)


# Fields of several rules

FERN = Bundle.of(random_rule(8, 12, 2), "Fern", decoder=random_decoder(8, 8, 0, skip=False))
BARK = Bundle.of(random_rule(8, 16, 3), "Bark")
OWN = """([fern, bark]) => {
  const { session, nca } = document.querySelector("canvas");
  session.brush("own", 3, 4, 6, session.painter.add(fern));
  session.brush("own", 15, 8, 5, session.painter.add(bark));
  session.brush("slow", 10, 10, 4, 1);
  nca.step(20);
}"""


def owned(tab):
    """Paints owners on the page. Returns their map: (16, 23) int64."""
    tab.evaluate(OWN, [each.fields() | {"shaders": each.shaders} for each in (FERN, BARK)])
    owners = torch.zeros(16, 23, dtype=torch.int64)
    return paint(paint(owners, 3, 4, 6, 1), 15, 8, 5, 2)


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("detail", DETAILS)
def test_each_owners_cells_are_shown_by_its_own_decoder(page, detail, order):
    first = (MOSS, BARK)[order]
    tab = page(detail, first)
    owners = owned(tab)
    decoders = [first.decoder, FERN.decoder, None]

    def expected(detail):
        return painted_decode(decoders, torch.tensor(state(tab), dtype=torch.float32), owners, detail)

    ask(tab, "window.dispatchEvent(new Event('resize'))")
    assert np.array_equal(shown(tab), expected(detail))
    assert np.array_equal(pixels(tab, 4)[..., :3], expected(4))
    steps = ask(tab, "nca.stepCount")
    lose_and_restore(tab)
    wait(tab, f"nca.stepCount == {steps}")
    assert np.array_equal(shown(tab), expected(detail))
    tab.keyboard.press("Shift+ArrowRight")
    moved = np.roll(expected(detail), -ask(tab, "view.look.x") * detail, 1)
    assert np.array_equal(shown(tab)[:, : 23 * detail], moved)


def test_a_session_of_decoders_plays_again(page, open_page):
    tab = page(4)
    owned(tab)
    before, session = state(tab), ask(tab, "session.toJSON()")
    assert [bundle.get("decoder") for bundle in session["bundles"]] == [
        each.fields().get("decoder") for each in (MOSS, FERN, BARK)
    ]
    other = open_page(Bundle.of(RULE, "Moss"), "#paused&size=8x8", viewport={"width": 92, "height": 64})
    drop = """(text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "moss.session.json"));
      dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
    }"""
    other.evaluate(drop, json.dumps(session))
    wait(other, "nca.width == 23 && nca.stepCount == 50 && !session.replaying")
    assert np.array_equal(state(other), before)
    assert np.array_equal(shown(other), shown(tab))
    assert other.locator("#textures li").count() == 4  # the same rule without a decoder is another texture


# Elsewhere


@pytest.mark.parametrize("detail", DETAILS)
def test_the_embedded_page(open_page, detail):
    window = {"width": 23 * detail, "height": 16 * detail}
    tab = open_page(MOSS, f"#paused&{SIZE}", render=render_embed, viewport=window)
    ask(tab, "nca.step(30)")
    assert np.array_equal(shown(tab), decode(DECODER, grown(), detail))
    assert np.array_equal(pixels(tab, 2)[..., :3], decode(DECODER, grown(), 2))
    lose_and_restore(tab)
    ask(tab, "nca.step(30)")  # it begins anew
    assert np.array_equal(shown(tab), decode(DECODER, grown(), detail))


def test_the_embedded_page_scales_what_does_not_fit_smoothly(open_page):
    window = {"width": 23 * 3, "height": 16 * 3}
    tab = open_page(MOSS, f"#paused&{SIZE}", render=render_embed, viewport=window)
    ask(tab, "nca.step(30)")
    assert np.array_equal(shown(tab), decode(DECODER, grown(), 4))
    assert tab.locator("canvas").bounding_box() == {"x": 0, "y": 0, **window}
    assert tab.evaluate("getComputedStyle(document.querySelector('canvas')).imageRendering") == "auto"


ELEMENT = """(side) => {
  const [e] = document.querySelectorAll("nca-texture");
  e.style.cssText = `display: block; width: ${23 * side}px; height: ${16 * side}px`;
  e.cell = side;
}"""
RENDERING = "getComputedStyle(e.shadowRoot.querySelector('canvas')).imageRendering"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decoded")
    for name, text in render_element(MOSS).items():
        (folder / name).write_text(text, encoding="utf-8")
    with serve(folder, {"Cache-Control": "no-store"}) as site:  # a tab that is kept would keep test.html
        yield site


@pytest.mark.parametrize(("side", "detail"), [(1, 1), (2, 2), (3, 4), (4, 4), (8, 8), (16, 8)])
def test_the_element(show, side, detail):
    tab = show('<nca-texture src="moss.nca.json" paused grid="23x16"></nca-texture>')
    elements.wait(tab, "e.texture")
    tab.evaluate(ELEMENT, side)
    elements.wait(tab, f"e.shadowRoot.querySelector('canvas').width == {23 * detail}")
    elements.ask(tab, "e.step(30)")
    assert np.array_equal(elements.picture(tab), decode(DECODER, grown(), detail))
    assert elements.ask(tab, RENDERING) == ("pixelated" if side % detail == 0 else "auto")
    elements.ask(tab, "(window.lose = e.texture.gl.getExtension('WEBGL_lose_context'), lose.loseContext(), 0)")
    elements.wait(tab, "e.texture.gl.isContextLost()")
    elements.ask(tab, "new Promise((done) => { e.oncontextrestored = done; lose.restoreContext(); }).then(() => 0)")
    elements.ask(tab, "e.step(5)")
    assert np.array_equal(elements.picture(tab), decode(DECODER, grown(35), detail))
    assert tab.complaints == []


def test_the_elements_grid_is_in_cells(show):
    tab = show('<nca-texture src="moss.nca.json" paused></nca-texture>')
    elements.wait(tab, "e.texture")
    assert elements.ask(tab, "[e.texture.width, e.texture.height]") == [128, 128]
    elements.ask(tab, "e.step(30)")
    assert np.array_equal(elements.picture(tab), decode(DECODER, grown(30, 128, 128), 2))


TEXTURE = f"""([shared, detail]) => {{
  const {{ nca: {{ constructor: Texture, bundle }} }} = document.querySelector("canvas");
  const canvas = new OffscreenCanvas(23 * detail, 16 * detail);
  const nca = new Texture(shared ? canvas.getContext("webgl2") : canvas, bundle, {{ width: 23, height: 16 }});
  const {{ gl }} = nca;
  const read = (texture) => {{
    const [width, height] = [23 * detail, 16 * detail];
    const bytes = new Uint8Array(4 * width * height);
    const framebuffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, texture && framebuffer);
    if (texture) gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
    return ({BASE64})(bytes);
  }};
  nca.step(30);
  nca.scale = detail;
  nca.draw();
  const found = [read(null), read(nca.toTexture(detail))];
  const same = detail == bundle.decoder.detail && nca.toTexture() == nca.toTexture(detail);
  const errors = [gl.getError()];
  nca.destroy();
  return {{ found, same, errors }};
}}"""


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("detail", DETAILS)
def test_the_module(page, shared, detail):
    found = page(8).evaluate(TEXTURE, [shared, detail])
    for data in found["found"]:
        picture = np.frombuffer(base64.b64decode(data), np.uint8).reshape(16 * detail, 23 * detail, 4)[::-1, :, :3]
        assert np.array_equal(picture, decode(DECODER, grown(), detail))
    assert found["same"] == (detail == 4)
    assert found["errors"] == [0]
