"""How long a decoder takes for a picture, beside the plain display and beside the automaton at that resolution."""

from statistics import median
from typing import TYPE_CHECKING

from contest import ratio

from nca.export.bundle import Bundle
from nca.rule.decoder import DETAILS

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

__all__ = ["HEAD", "decoding"]

SIDE = 1024  # pixels: the picture has a megapixel
HEAD = ["detail", "decode, ms", "plain display, ms", "step, ms", "decode and step", f"step at {SIDE}x{SIDE}, ms"]

# All draw in one context, in turns, so that the machine's drift meets all alike. Reading a pixel waits for the device.
_RACE = """async ([address, bundles, side, details, rounds]) => {
  const { create } = await import(`${address}/viewer/runtime/nca.js`);
  const gl = new OffscreenCanvas(side, side).getContext("webgl2", { alpha: false, antialias: false });
  const wait = () => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  const works = {};
  for (const detail of details) {
    const size = { width: side / detail, height: side / detail };
    for (const [name, bundle] of Object.entries(bundles)) {
      const nca = Object.assign(create(gl, bundle, size), { scale: detail });
      for (let batch = 0; batch < 3; batch++) (nca.step(8), nca.draw(), wait());
      works[`${name} ${detail}`] = () => nca.draw();
      if (name == "plain") works[`step ${detail}`] = () => nca.step();
    }
  }
  const time = (work, count) => {
    const start = performance.now();
    for (let done = 0; done < count; done++) work();
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    wait();
    return (performance.now() - start) / count;
  };
  const times = Object.fromEntries(Object.keys(works).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, work] of Object.entries(works)) {
      const count = Math.min(100, Math.ceil(100 / time(work, 1)));
      times[name].push(time(work, count));
    }
  if (gl.getError()) throw new Error("WebGL error");
  return times;
}"""


def decoding(context: "BrowserContext", address: str, bundle: Bundle, rounds: int) -> list[list[str]]:
    """A row for each detail: ms, and in brackets how many times as long as the decoder's picture.

    bundle: with a decoder. address: of the served checkout.
    """
    tab = context.new_page()
    tab.goto(f"{address}/benchmarks/contestants/page.html")
    bundles = {"decode": bundle.fields(), "plain": Bundle.of(bundle.rule, bundle.name).fields()}
    times = tab.evaluate(_RACE, [address, bundles, SIDE, list(DETAILS), rounds])
    tab.close()
    return [_row(times, detail) for detail in DETAILS]


def _row(times: dict[str, list[float]], detail: int) -> list[str]:
    decode, plain, step, whole = (
        times[name] for name in (f"decode {detail}", f"plain {detail}", f"step {detail}", "step 1")
    )
    both = [a + b for a, b in zip(decode, step, strict=True)]
    return [
        str(detail),
        f"{median(decode):.1f}",
        f"{median(plain):.1f} ({ratio(plain, decode):.2f})",
        f"{median(step):.1f} ({ratio(step, decode):.2f})",
        f"{median(both):.1f}",
        f"{median(whole):.1f} ({ratio(whole, both):.2f} times both)",
    ]
