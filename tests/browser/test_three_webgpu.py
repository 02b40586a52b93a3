"""three.js with its WebGPURenderer, on its two backends: WebGPU, and WebGL2 where a browser has no WebGPU."""

import numpy as np
import pytest

from nca.export.bundle import Bundle
from nca.export.check.browser import RENDERERS, start
from nca.rule.reference import reference_rollout, rgb_bytes, seed_state
from packages import install, needs_npm
from paths import ROOT
from rules import random_rule
from server import serve

pytestmark = needs_npm

RULE = random_rule(12, 32, seed=6)
WIDTH, HEIGHT = 96, 64
# WebGPU without a GPU: SwiftShader's Vulkan, which WebGL has to use as well, since a canvas goes from one to the other.
WEBGPU = [
    "--enable-unsafe-webgpu",
    "--enable-unsafe-swiftshader",
    "--enable-features=Vulkan",
    "--use-vulkan=swiftshader",
    "--use-angle=swiftshader",
    "--use-webgpu-adapter=swiftshader",
]
PAGE = """<!doctype html><link rel="icon" href="data:,"><style>body { margin: 0 }</style>
<script type="importmap">{ "imports": {
  "three/webgpu": "/node_modules/three/build/three.webgpu.js", "three/tsl": "/node_modules/three/build/three.tsl.js"
} }</script>"""
# Draws the texture over the canvas, unlit, a pixel a cell.
START = """async ([bundle, width, height, forceWebGL]) => {
  const THREE = await import("three/webgpu");
  const { sRGBTransferEOTF, texture } = await import("three/tsl");
  const { create } = await import("/viewer/runtime/nca.js");
  const renderer = new THREE.WebGPURenderer({ forceWebGL });
  await renderer.init();
  renderer.setSize(width, height);
  document.body.append(renderer.domElement);
  const material = new THREE.MeshBasicNodeMaterial();
  const scene = new THREE.Scene().add(new THREE.Mesh(new THREE.PlaneGeometry(2, 2), material));
  const camera = new THREE.OrthographicCamera(-1, 1, 1, -1, -1, 1);
  const make = (target) => create(target, bundle, { width, height, seed: 5 });

  globalThis.byCanvas = () => {
    const nca = make(new OffscreenCanvas(width, height));
    const skin = new THREE.CanvasTexture(nca.canvas);
    Object.assign(skin, { colorSpace: THREE.SRGBColorSpace, minFilter: THREE.LinearFilter, generateMipmaps: false });
    material.map = skin;
    return () => {
      nca.step();
      nca.draw();
      skin.needsUpdate = true;
    };
  };
  globalThis.byTexture = () => {
    const nca = make(renderer.getContext());
    const skin = new THREE.ExternalTexture(nca.toTexture());
    material.colorNode = sRGBTransferEOTF(texture(skin));
    return () => {
      nca.step();
      nca.toTexture();
      renderer.resetState();
    };
  };
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  globalThis.run = (frame, frames) => {
    for (; frames > 0; frames--) {
      frame();
      renderer.render(scene, camera);
    }
    copy.drawImage(renderer.domElement, 0, 0);
    return Array.from(copy.getImageData(0, 0, width, height).data);
  };
  return renderer.backend.isWebGPUBackend ? "WebGPU" : "WebGL2";
}"""


@pytest.fixture(scope="module")
def root():
    install()
    with serve(ROOT) as site:
        yield site.address


@pytest.fixture
def webgpu(playwright, monkeypatch):
    monkeypatch.setitem(RENDERERS, "webgpu", WEBGPU)
    with start(playwright, renderer="webgpu") as running:
        yield running


@pytest.fixture
def open_tab():
    """Opens the page with a renderer on a backend, in a browser."""
    opened = []

    def open_tab(browser, root, force_webgl):
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        opened.append(tab)
        tab.route("**/page.html", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
        tab.goto(f"{root}/page.html")
        tab.backend = tab.evaluate(START, [Bundle.of(RULE, "Moss").fields(), WIDTH, HEIGHT, force_webgl])
        return tab

    yield open_tab
    for tab in opened:
        tab.close()


def shown(tab, way, frames):
    """The canvas after so many frames, (height, width, 3) uint8."""
    data = tab.evaluate(f"run({way}(), {frames})")
    return np.array(data, np.uint8).reshape(HEIGHT, WIDTH, 4)[..., :3]


def grown(steps):
    picture = rgb_bytes(reference_rollout(RULE, seed_state(RULE, HEIGHT, WIDTH), steps, seed=5))
    assert len(np.unique(picture)) > 100
    return picture


@pytest.mark.parametrize("way", ["byCanvas", "byTexture"])
def test_its_webgl2_backend_shows_the_pictures_bytes(browser, open_tab, root, way):
    tab = open_tab(browser, root, True)
    assert tab.backend == "WebGL2"
    assert np.array_equal(shown(tab, way, 40), grown(40))


@pytest.mark.rare
class TestWebGPU:
    @pytest.fixture
    def tab(self, webgpu, open_tab, root):
        tab = open_tab(webgpu, root, False)
        if tab.backend != "WebGPU":
            pytest.skip("this Chromium has no WebGPU")
        return tab

    def test_a_canvas_shows_the_pictures_bytes(self, tab):
        assert np.array_equal(shown(tab, "byCanvas", 40), grown(40))

    def test_its_context_is_refused_by_name(self, tab):
        message = tab.evaluate("() => { try { byTexture() } catch (error) { return String(error) } }")
        assert message == "TypeError: target is [object GPUCanvasContext]: expected a canvas or a WebGL2 context"
