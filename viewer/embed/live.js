/**
 * The page for an <iframe>: it shows only the texture, and pointers erase its cells. The address or the window gives
 * the size of the grid. A frame may be hidden or tiny while it loads, so the texture begins anew when the frame grows.
 *
 * @import { Marks, Stored } from "../data/fill.js"
 * @import { Frame } from "../runtime/loop.js"
 * @typedef {{ marks(texture: Stored): Marks | undefined, adapt(nca: Automaton): (scale: number) => number }} Decoding
 *   only a texture with a decoder needs it: the marks in its shaders, and a display that returns the detail for cells of
 *   a size
 */

import { Automaton, context } from "../runtime/automaton.js";
import { area, CELLS, OUTGROWN, settings, texts, unpack } from "../data/embedded.js";
import { withShaders } from "../data/fill.js";
import { Loop } from "../runtime/loop.js";
import { followPointers, stroke } from "../runtime/pointers.js";
import { reducedMotion, STILL } from "../runtime/still.js";

/** Shows the texture of the page. @param {Decoding} [decoding] for a texture with a decoder */
export function live(decoding) {
  const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("canvas"));
  const motion = reducedMotion();
  onerror = (...all) => {
    canvas.remove();
    /** @type {Element} */ (document.querySelector("mark")).textContent = /** @type {Error} */ (all[4]).message;
  };

  const { size, seed, paused } = settings();
  const texture = unpack(document.scripts[1]);
  const bundle = withShaders(texture, texts(), decoding?.marks(texture));
  const nca = new Automaton(context(canvas), bundle, { width: 1, height: 1, seed });
  const detail = decoding?.adapt(nca);
  const loop = new Loop(nca.gl);
  /** The sides of the window for which the grid was made, and the side of a cell, in device pixels. */
  let made = [0, 0];
  let scale = 1;

  /**
   * Makes a grid for the window. If the address gives its size, the cells are as large as fit. Otherwise the grid has
   * about 256 x 256 cells and the shape of the window.
   */
  function make() {
    made = area();
    const most = size ? Math.min(...made.map((length, i) => length / size[i])) : Math.hypot(...made) / CELLS;
    scale = Math.max(1, Math.floor(most));
    const [width, height] = size ?? made.map((length) => Math.ceil(length / scale) || 1);
    nca.resize(width, height);
    begin();
  }

  /** Starts the loop. If the system asks for less motion, shows a grown texture that stands still. */
  function begin() {
    if (!paused) {
      loop.move(frame, !motion.matches);
      if (motion.matches) nca.step(STILL);
    }
    nca.draw();
  }

  /**
   * Makes the canvas cover the window. Without a decoder the canvas has a pixel per cell, and the browser enlarges it:
   * this costs less than drawing every device pixel.
   */
  function cover() {
    const sides = area();
    if (sides.some((length, i) => length > OUTGROWN * made[i])) make();
    nca.scale = detail?.(scale) ?? 1;
    const cells = sides.map((length) => Math.ceil(length / scale));
    [canvas.width, canvas.height] = cells.map((count) => count * nca.scale);
    const { style } = canvas;
    [style.width, style.height] = cells.map((count) => (count * scale) / devicePixelRatio + "px");
    nca.draw();
  }

  /** @type {Frame} */
  function frame(pace) {
    if (nca.advance(pace)) nca.draw();
  }

  followPointers(
    canvas,
    ({ clientX, clientY }) => [clientX, clientY].map((length) => Math.floor((length * devicePixelRatio) / scale)),
    (from, to) => {
      stroke((x, y, r) => nca.erase(x, y, r), from, to, Math.ceil(Math.min(nca.width, nca.height) / 16));
      nca.draw();
    },
  );
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault()); // so that the context is restored
  canvas.addEventListener("webglcontextrestored", () => {
    nca.renew();
    begin();
  });
  /** @type {any} */ (canvas).nca = nca; // for tests and for the browser's console
  onhashchange = () => location.reload();
  onresize = cover;
  motion.onchange = begin;
  cover();
}
