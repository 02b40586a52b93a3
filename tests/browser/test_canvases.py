"""The runtime on canvases of other people's code: given back, of the wrong kind, too many, read, zoomed, lost."""

import base64

import numpy as np
import pytest

from decoders import random_decoder
from nca.export.bundle import Bundle
from nca.rule.decode import decode
from nca.rule.reference import erase, reference_rollout, rgb_bytes, seed_state
from paths import ROOT
from rules import random_rule
from server import serve
from textures import BASE64

RULE = random_rule(4, 8, seed=1)
DECODER = random_decoder(4, 8, 2)
WIDTH, HEIGHT = 23, 16
START = """async (bundles) => {
  Object.assign(globalThis, await import("/viewer/runtime/nca.js"), bundles);
  const canvas = (width = 46, height = 32) =>
    document.body.appendChild(Object.assign(document.createElement("canvas"), { width, height }));
  const small = { width: 23, height: 16, seed: 5 };
  const message = (call) => { try { call(); } catch (error) { return error.message; } };
  Object.assign(globalThis, { canvas, small, message });
}"""


@pytest.fixture(scope="module")
def site():
    with serve(ROOT) as site:
        yield site


@pytest.fixture
def tab(complaining_tab, site):
    """A page with the runtime's exports, `plain` and `decoded` bundles, canvas() and message(call) as globals."""
    tab = complaining_tab(viewport={"width": 800, "height": 600}, fresh=True)
    tab.route("**/canvases.html", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    tab.goto(f"{site.address}/canvases.html")
    plain, decoded = Bundle.of(RULE, "Moss"), Bundle.of(RULE, "Moss", decoder=DECODER)
    tab.evaluate(START, {"plain": plain.fields(), "decoded": decoded.fields()})
    return tab


def grown(steps, seed=5):
    return reference_rollout(RULE, seed_state(RULE, HEIGHT, WIDTH), steps, seed=seed)


def numbers(tab, expression, kind, shape):
    """A typed array of the page."""
    return np.frombuffer(base64.b64decode(tab.evaluate(f"({BASE64})({expression})")), kind).reshape(shape)


def found(tab, name="nca"):
    return numbers(tab, f"{name}.read()", "<i2", (-1, HEIGHT, WIDTH))


def test_the_shaders_of_a_bundle_never_run(tab):
    """Those of create are made here from the weights; of a stranger's, nobody knows what they do."""
    tab.evaluate("""() => {
      const endless = "#version 300 es\\nvoid main() { for (;;); }";
      const shaders = { vertex: endless, step: endless, brush: endless, display: endless };
      globalThis.nca = create(canvas(), { ...plain, shaders }, small);
      nca.step(30);
    }""")
    assert np.array_equal(found(tab), grown(30).numpy())


def test_a_bundle_that_is_none_is_refused_before_anything_is_made(tab):
    for change, message in {
        "null": 'format is undefined, expected "nca-fixed-1" or "nca-fixed-2"',
        "{ ...plain, hidden: 6 }": "hidden is 6, expected a multiple of 4 from 4 to 128",
        "{ ...plain, channels: 40000 }": "channels is 40000, expected one of (4, 8, 12, 16)",
        "{ ...plain, weights: { ...plain.weights, w1: 'AAAA' } }": "w1 has 3 bytes, expected 128",
    }.items():
        assert tab.evaluate(f"message(() => create(canvas(), {change}))") == message


def test_textures_of_one_bundle_share_their_programs(tab):
    tab.evaluate("globalThis.target = canvas().getContext('webgl2')")
    assert tab.evaluate("create(target, plain).bundle == create(target, plain).bundle")
    assert tab.evaluate("create(target, create(target, plain).bundle).bundle == create(target, plain).bundle")


# A canvas is given back


@pytest.mark.parametrize("other", ["plain", "decoded"])
def test_a_canvas_takes_another_texture_after_destroy(tab, other):
    """As React's StrictMode does it: create, destroy, create."""
    tab.evaluate("globalThis.first = create(globalThis.target = canvas(), plain, small)")
    tab.evaluate("(wipe(first), first.play(), first.step(9), first.toTexture(), first.destroy())")
    tab.evaluate(f"globalThis.nca = create(target, {other}, small)")
    tab.evaluate("(nca.step(30), nca.draw())")
    assert np.array_equal(found(tab), grown(30).numpy())
    assert tab.evaluate("[nca.gl.isContextLost(), nca.gl.getError()]") == [False, 0]
    tab.evaluate("nca.play()")
    tab.wait_for_function("() => nca.stepCount > 33")
    assert tab.complaints == []


def test_destroy_frees_what_the_texture_made(tab):
    tab.evaluate("""() => {
      globalThis.nca = create(canvas(), plain, small);
      globalThis.made = [...nca.automaton.textures, nca.toTexture()];
      nca.destroy();
    }""")
    assert not tab.evaluate("made.some((texture) => nca.gl.isTexture(texture))")


def test_a_destroyed_texture_says_so_and_its_canvas_ignores_pointers(tab):
    tab.evaluate("(globalThis.nca = create(canvas(), plain, small), wipe(nca), nca.destroy())")
    tab.mouse.click(20, 20)
    assert tab.evaluate("message(() => nca.step())") == "this texture is destroyed"
    assert tab.complaints == []


# The wrong target


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("null", "target is null: expected a canvas or a WebGL2 context"),
        ("'#moss'", "target is #moss: expected a canvas or a WebGL2 context"),
        ("canvas().getContext('webgl')", "expected a canvas or a WebGL2 context"),
        ("(() => { const it = canvas(); it.getContext('2d'); return it; })()", "the canvas has another context"),
        ("(() => { const it = new OffscreenCanvas(9, 9); it.getContext('2d'); return it; })()", "has another context"),
    ],
)
def test_a_wrong_target_is_named(tab, target, message):
    assert message in tab.evaluate(f"message(() => create({target}, plain))")


def test_without_webgl2_it_says_so(tab):
    tab.evaluate("HTMLCanvasElement.prototype.getContext = () => null")
    assert tab.evaluate("message(() => create(canvas(), plain))") == "WebGL2 is not available"


def test_the_17th_context_is_refused_and_takes_none_away(tab):
    """Chromium has 16 for a page, and would take the oldest."""
    said = tab.evaluate("""() => {
      globalThis.all = [];
      return message(() => { for (let i = 0; i < 40; i++) all.push(create(canvas(), plain, small)); });
    }""")
    assert said == "16 canvases have a WebGL context each, the most of a browser: let textures share one"
    assert tab.evaluate("all.map(({ gl }) => gl.isContextLost())") == [False] * 16
    tab.evaluate("(all[3].destroy(), globalThis.nca = create(all[3].canvas, plain, small), nca.step(30))")
    assert np.array_equal(found(tab), grown(30).numpy())


# Numbers as texts


def test_numbers_may_be_texts(tab):
    tab.evaluate('globalThis.nca = create(canvas(), plain, { width: "23", height: "16", seed: "5" })')
    assert tab.evaluate("[nca.width, nca.height, nca.seed]") == [WIDTH, HEIGHT, 5]
    tab.evaluate('(nca.scale = "2", nca.step("30"), nca.erase("4", "5", "2"), nca.draw())')
    assert np.array_equal(found(tab), erase(grown(30), 4, 5, 2).numpy())
    tab.evaluate('(nca.reset("7"), nca.step(30))')
    assert np.array_equal(found(tab), grown(30, seed=7).numpy())
    tab.evaluate('(nca.speed = "0.5", nca.play())')
    tab.wait_for_function("() => nca.stepCount > 33")
    assert "grid of seven" in tab.evaluate('message(() => nca.resize("seven", 5))')


# Pictures of a canvas


def test_a_canvas_can_be_saved_right_after_draw(tab):
    tab.evaluate("(globalThis.nca = create(canvas(23, 16), plain, small), nca.step(30))")
    shown = """async () => {
      nca.draw();
      const picture = new Image();
      picture.src = nca.canvas.toDataURL();
      await picture.decode();
      const copy = new OffscreenCanvas(23, 16).getContext("2d");
      copy.drawImage(picture, 0, 0);
      globalThis.shown = copy.getImageData(0, 0, 23, 16).data;
    }"""
    tab.evaluate(shown)
    assert np.array_equal(numbers(tab, "shown", np.uint8, (HEIGHT, WIDTH, 4))[..., :3], rgb_bytes(grown(30)))


# Pointers


@pytest.mark.parametrize("style", ["", "zoom: 2", "scale: 2; transform-origin: 0 0", "width: 92px; height: 64px"])
def test_wipe_finds_the_cell_under_a_pointer(tab, style):
    tab.evaluate("document.body.style.cssText = 'margin: 0'")
    tab.evaluate("(globalThis.nca = create(canvas(), plain, small), nca.scale = 2, nca.step(30), wipe(nca, 2))")
    tab.evaluate("(style) => (nca.canvas.style.cssText = `display: block; ${style}`)", style)
    side = 4 if style else 2
    tab.mouse.click(9 * side + 1, 5 * side + 1)
    assert np.array_equal(found(tab), erase(grown(30), 9, 5, 2).numpy())


# A lost context


def test_a_decoded_texture_shows_the_same_bytes_after_its_context_was_lost(tab):
    """The state, the drawn canvas, the picture of pixels and the texture of toTexture."""
    tab.evaluate("(globalThis.nca = create(canvas(46, 32), decoded, small), nca.scale = 2, nca.step(700))")
    tab.evaluate("(nca.erase(4, 5, 3), nca.step(30), globalThis.loss = nca.gl.getExtension('WEBGL_lose_context'))")
    expected = erase(grown(700), 4, 5, 3)
    expected = reference_rollout(RULE, expected, 30, seed=5, first=700)
    shows(tab, expected)
    tab.evaluate("() => new Promise((done) => (loss.loseContext(), setTimeout(done)))")
    tab.evaluate("""() => new Promise((done) => {
      nca.canvas.addEventListener("webglcontextrestored", done, { once: true });
      loss.restoreContext();
    })""")
    shows(tab, expected)


def shows(tab, state):
    """Whether a texture with a decoder holds this state and shows it, everywhere."""
    picture = decode(DECODER, state, 2)
    read = """(bind) => {
      const bytes = new Uint8Array(4 * 46 * 32);
      bind();
      nca.gl.readPixels(0, 0, 46, 32, nca.gl.RGBA, nca.gl.UNSIGNED_BYTE, bytes);
      return bytes;
    }"""
    attach = """() => {
      const { gl } = nca, texture = nca.toTexture(2);
      gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    }"""
    assert np.array_equal(found(tab), state.numpy())
    for expression, rows in [("nca.pixels(2)", 1), (f"({read})(() => nca.draw())", -1), (f"({read})({attach})", -1)]:
        bytes_ = numbers(tab, expression, np.uint8, (2 * HEIGHT, 2 * WIDTH, 4))
        assert np.array_equal(bytes_[::rows, :, :3], picture), expression
