"""How soon a page shows something: each time in a browser that has never seen it."""

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from nca.export.bundle import Bundle
from nca.export.check.browser import launch
from nca.export.check.verify import page_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["StartUp", "start_up"]

# A browser that has drawn something before, as a user's has: without this, its own start would be counted.
_WARM = """() => {
  const gl = document.createElement("canvas").getContext("webgl2");
  gl.clear(gl.COLOR_BUFFER_BIT);
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
}"""
# Reads a pixel back after a frame, which waits until the device has drawn it. Times count from navigation.
_WATCH = """
const frames = (globalThis.frames = {});
const { drawArrays } = WebGL2RenderingContext.prototype;
WebGL2RenderingContext.prototype.drawArrays = function (...triangle) {
  drawArrays.apply(this, triangle);
  if (this.getParameter(this.FRAMEBUFFER_BINDING)) return;
  const kind = document.querySelector("canvas").nca?.stepCount ? "step" : "first";
  if (kind in frames) return;
  this.readPixels(0, 0, 1, 1, this.RGBA, this.UNSIGNED_BYTE, new Uint8Array(4));
  frames[kind] = performance.now();
};
"""
_COMPILE = """async ([address, bundle, size]) => {
  const { create } = await import(`${address}/viewer/runtime/nca.js`);
  const canvas = document.body.appendChild(document.createElement("canvas"));
  canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
  const pixel = new Uint8Array(4);
  const times = [performance.now()];
  const nca = await create(canvas, bundle, { width: size, height: size });
  for (let i = 0; i < 2; i++) {
    nca.step(1);
    nca.draw();
    nca.gl.readPixels(0, 0, 1, 1, nca.gl.RGBA, nca.gl.UNSIGNED_BYTE, pixel);
    times.push(performance.now());
  }
  return 2 * times[1] - times[0] - times[2];
}"""


@dataclass(frozen=True)
class StartUp:
    """Medians in ms."""

    compile: float  # from shader texts to the first step shown, less a second step
    first: float  # from navigation until a frame is on the canvas
    step: float  # from navigation until a frame that shows a step is


def start_up(bundle: Bundle, renderer: str, address: str, size: int, times: int) -> StartUp:
    """Measure so many times, twice a fresh browser each time.

    address: of the served checkout. size: cells across and down.
    """
    with page_of(bundle) as page:
        frames = [_frames(f"{page.as_uri()}#size={size}x{size}", renderer) for _ in range(times)]
    compiled = [_compiled(bundle, renderer, address, size) for _ in range(times)]
    return StartUp(median(compiled), *(median(each[kind] for each in frames) for kind in ("first", "step")))


def _frames(url: str, renderer: str) -> dict[str, float]:
    with launch(renderer=renderer) as browser:
        _warm(browser.new_page())
        tab = browser.new_page()
        tab.add_init_script(_WATCH)
        tab.goto(url)
        tab.wait_for_function("frames.step")
        return dict(tab.evaluate("frames"))


def _compiled(bundle: Bundle, renderer: str, address: str, size: int) -> float:
    with launch(renderer=renderer) as browser:
        tab = browser.new_page()
        _warm(tab)
        tab.goto(f"{address}/benchmarks/contestants/page.html")
        return float(tab.evaluate(_COMPILE, [address, bundle.fields(), size]))


def _warm(tab: "Page") -> None:
    tab.evaluate(_WARM)
