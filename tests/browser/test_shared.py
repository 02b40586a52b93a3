"""viewer/runtime/nca.js in a WebGL2 context of other code, which leaves behind whatever state it likes."""

import base64

import numpy as np
import pytest

from nca.rule.reference import erase, reference_rollout, restore, rgb_bytes, seed_state
from rules import random_rule
from textures import BASE64

RULE = random_rule(8, 32, seed=1)
WIDTH, HEIGHT = 23, 16

# Everything that could spoil a pass or a copy, set the worst way before each call.
HOSTILE = """(gl) => {
  const { spoils } = gl;
  for (const each of [gl.BLEND, gl.CULL_FACE, gl.DEPTH_TEST, gl.POLYGON_OFFSET_FILL, gl.RASTERIZER_DISCARD,
                      gl.SAMPLE_ALPHA_TO_COVERAGE, gl.SAMPLE_COVERAGE, gl.SCISSOR_TEST, gl.STENCIL_TEST])
    gl.enable(each);
  gl.cullFace(gl.FRONT_AND_BACK);
  gl.depthFunc(gl.NEVER);
  gl.stencilFunc(gl.NEVER, 1, 255);
  gl.sampleCoverage(0, false);
  gl.scissor(1, 1, 2, 2);
  gl.viewport(3, 3, 4, 4);
  gl.colorMask(false, true, false, false);
  gl.bindVertexArray(spoils.vertices);
  gl.enableVertexAttribArray(0); // without a buffer
  gl.useProgram(null);
  for (let unit = 0; unit < 16; unit++) {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, spoils.texture);
    gl.bindSampler(unit, spoils.sampler);
  }
  gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, null);
  gl.bindFramebuffer(gl.READ_FRAMEBUFFER, spoils.framebuffer);
  gl.readBuffer(gl.NONE);
  gl.bindRenderbuffer(gl.RENDERBUFFER, null);
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, spoils.buffer);
  gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, spoils.buffer);
  for (const [what, value] of [[gl.PACK_ROW_LENGTH, 99], [gl.PACK_SKIP_ROWS, 1], [gl.PACK_SKIP_PIXELS, 2],
                               [gl.PACK_ALIGNMENT, 8], [gl.UNPACK_ROW_LENGTH, 99], [gl.UNPACK_SKIP_ROWS, 1],
                               [gl.UNPACK_SKIP_PIXELS, 2], [gl.UNPACK_ALIGNMENT, 8], [gl.UNPACK_FLIP_Y_WEBGL, true],
                               [gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true]])
    gl.pixelStorei(what, value);
}"""

OPEN = f"""([width, height, seed]) => {{
  const {{ nca: own }} = document.querySelector("canvas");
  const canvas = Object.assign(document.createElement("canvas"), {{ width: 40, height: 30 }});
  const gl = canvas.getContext("webgl2", {{ antialias: true, stencil: true }});
  const spoil = () => {{
    gl.spoils = {{
      vertices: gl.createVertexArray(), texture: gl.createTexture(), sampler: gl.createSampler(),
      framebuffer: gl.createFramebuffer(), buffer: gl.createBuffer(),
    }};
    ({HOSTILE})(gl);
  }};
  canvas.addEventListener("webglcontextrestored", spoil); // before the texture's own listener
  spoil();
  const nca = new own.constructor(gl, own.bundle, {{ width, height, seed }});
  globalThis.shared = new Proxy(nca, {{ get(target, name) {{
    const value = Reflect.get(target, name, target);
    if (typeof value != "function") return value;
    return (...a) => {{ ({HOSTILE})(gl); return value.apply(target, a); }};
  }} }});
}}"""


@pytest.fixture
def tab(open_page):
    tab = open_page(RULE, "#paused&size=1x1")
    tab.evaluate(OPEN, [WIDTH, HEIGHT, 5])
    return tab


def call(tab, expression):
    """A JavaScript expression of `shared`, the texture, whose every method finds a spoilt context."""
    return tab.evaluate(f"() => {expression}")


def fetch(tab, expression, kind):
    return np.frombuffer(base64.b64decode(call(tab, f"({BASE64})({expression})")), kind)


def state(tab):
    return fetch(tab, "shared.read()", "<i2").reshape(RULE.channels, HEIGHT, -1)


def errors(tab):
    return call(tab, "shared.gl.getError()")


def grown(steps, state=None, first=0):
    return reference_rollout(
        RULE, seed_state(RULE, HEIGHT, WIDTH) if state is None else state, steps, seed=5, first=first
    )


def test_every_call_finds_and_leaves_torchs_state(tab):
    call(tab, "(shared.step(20), shared.keep(), shared.step(20), shared.erase(3, 4, 5), shared.restore(5, 4, 3))")
    expected = restore(erase(grown(40), 3, 4, 5), grown(20), 5, 4, 3)
    assert np.array_equal(state(tab), expected.numpy())
    call(tab, "(shared.draw(), shared.toTexture(), shared.draw(9, 9), shared.step(9))")
    assert np.array_equal(state(tab), grown(9, expected, 40).numpy())
    call(tab, "(shared.reset(), shared.step(7), shared.resize(9, 16), shared.step(3))")
    assert np.array_equal(state(tab), reference_rollout(RULE, seed_state(RULE, HEIGHT, 9), 3, seed=5).numpy())
    assert errors(tab) == 0


def test_pixels_leave_the_canvas_alone(tab):
    call(tab, "shared.step(40)")
    shown = fetch(tab, "shared.pixels(2)", np.uint8).reshape(2 * HEIGHT, 2 * WIDTH, 4)
    assert np.array_equal(shown[..., :3], rgb_bytes(grown(40)).repeat(2, 0).repeat(2, 1))
    assert call(tab, "[shared.canvas.width, shared.canvas.height]") == [40, 30]
    assert errors(tab) == 0


READ = """((framebuffer, x, y, width, height) => {
  const { gl } = shared, bytes = new Uint8Array(4 * width * height);
  for (const each of [gl.PACK_ROW_LENGTH, gl.PACK_SKIP_ROWS, gl.PACK_SKIP_PIXELS]) gl.pixelStorei(each, 0);
  gl.pixelStorei(gl.PACK_ALIGNMENT, 1);
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  gl.bindFramebuffer(gl.READ_FRAMEBUFFER, framebuffer);
  gl.readPixels(x, y, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  return bytes;
})"""


def test_the_texture_holds_the_picture_from_its_bottom_row(tab):
    call(tab, "shared.step(40)")
    attached = """(() => {
      const { gl } = shared, texture = shared.toTexture(), framebuffer = gl.createFramebuffer();
      gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
      return framebuffer;
    })()"""
    shown = fetch(tab, f"{READ}({attached}, 0, 0, {WIDTH}, {HEIGHT})", np.uint8).reshape(HEIGHT, WIDTH, 4)
    assert np.array_equal(shown[::-1, :, :3], rgb_bytes(grown(40)))
    assert (shown[..., 3] == 255).all()
    assert errors(tab) == 0


def test_draw_fills_the_corner_of_a_canvas_with_antialiasing(tab):
    call(tab, "shared.step(40)")
    corner = f"(shared.draw({WIDTH}, {HEIGHT}), {READ}(null, 0, 30 - {HEIGHT}, {WIDTH}, {HEIGHT}))"
    shown = fetch(tab, corner, np.uint8).reshape(HEIGHT, WIDTH, 4)
    assert np.array_equal(shown[::-1, :, :3], rgb_bytes(grown(40)))
    assert errors(tab) == 0


@pytest.mark.parametrize("steps", [3, 600])  # without a snapshot to begin from, and with one
def test_a_lost_context_comes_back_as_it_was(tab, steps):
    call(tab, f"(shared.step(2), shared.keep(), shared.step({steps}), shared.gl.finish(), shared.step(1))")
    tab.wait_for_timeout(50)
    call(tab, "(shared.step(1), shared.erase(1, 2, 3))")
    before = erase(grown(steps + 4), 1, 2, 3)
    call(tab, "(shared.loss = shared.gl.getExtension('WEBGL_lose_context')).loseContext()")
    tab.wait_for_function("shared.gl.isContextLost()")
    call(tab, "(shared.step(600), shared.step(5), shared.toTexture(), shared.erase(9, 9, 2), shared.step(1))")
    call(tab, "shared.loss.restoreContext()")
    tab.wait_for_function("!shared.gl.isContextLost()")
    expected = grown(1, erase(grown(605, before, steps + 4), 9, 9, 2), steps + 609)
    assert np.array_equal(state(tab), expected.numpy())
    call(tab, "shared.restore(4, 4, 9)")
    assert np.array_equal(state(tab), restore(expected, grown(2), 4, 4, 9).numpy())
    assert errors(tab) == 0


def test_a_context_that_comes_back_is_not_drawn_on(tab):
    call(tab, "(shared.step(9), shared.loss = shared.gl.getExtension('WEBGL_lose_context')).loseContext()")
    tab.wait_for_function("shared.gl.isContextLost()")
    tab.evaluate("""() => {
      const { gl } = shared;
      shared.canvas.addEventListener("webglcontextrestored", () => {
        const bytes = new Uint8Array(4);
        gl.bindFramebuffer(gl.FRAMEBUFFER, null);
        gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
        gl.readPixels(1, 29, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
        globalThis.corner = Array.from(bytes);
      });
      shared.loss.restoreContext();
    }""")
    tab.wait_for_function("globalThis.corner")
    assert tab.evaluate("corner") == [0, 0, 0, 0]


def test_two_textures_share_a_context(tab):
    tab.evaluate("""() => {
      const { gl, bundle } = shared;
      globalThis.other = new (document.querySelector("canvas").nca.constructor)(gl, bundle, { width: 7, height: 16 });
    }""")
    call(tab, "(shared.step(3), other.step(4), shared.step(5), other.toTexture(), shared.step(1))")
    assert np.array_equal(state(tab), grown(9).numpy())
    found = fetch(tab, "other.read()", "<i2").reshape(RULE.channels, HEIGHT, 7)
    assert np.array_equal(found, reference_rollout(RULE, seed_state(RULE, HEIGHT, 7), 4, seed=0).numpy())


def test_destroy_frees_what_it_made_and_leaves_the_context(tab):
    made = tab.evaluate("""() => {
      const { gl, bundle } = shared, made = [];
      for (const name of ["createTexture", "createFramebuffer", "createBuffer"]) {
        const create = gl[name];
        gl[name] = () => { const thing = create.call(gl); made.push([name.slice(6), thing]); return thing; };
      }
      const other = new (document.querySelector("canvas").nca.constructor)(gl, bundle);
      other.step(600);
      other.toTexture();
      other.destroy();
      return made.map(([kind, thing]) => [kind, gl["is" + kind](thing)]);
    }""")
    assert {kind for kind, _ in made} == {
        "Texture",
        "Framebuffer",
        "Buffer",
    }  # programs stay for the bundle's next texture
    assert not any(alive for _, alive in made)
    assert not call(tab, "shared.gl.isContextLost()")
    call(tab, "shared.step(9)")
    assert np.array_equal(state(tab), grown(9).numpy())
