/** What the page for a frame begins with: its texture, on a grid that its address or its window decides. */

import { Automaton } from "./automaton.js";
import { area, CELLS, settings, unpack } from "./embedded.js";

/**
 * A texture and its scale, the device pixels a cell: on a grid of the size asked for, cells as large as fit;
 * else on about 256 x 256 cells in the window's shape.
 * @param {HTMLCanvasElement} canvas
 */
export function begin(canvas) {
  const sides = area();
  const { size, seed } = settings();
  const most = size ? Math.min(...sides.map((length, i) => length / size[i])) : Math.hypot(...sides) / CELLS;
  const scale = Math.max(1, Math.floor(most));
  const [width, height] = size ?? sides.map((length) => Math.ceil(length / scale));
  const bundle = unpack(/** @type {Element} */ (document.querySelector("script")));
  const nca = new Automaton(canvas, bundle, { width, height, seed });
  Object.assign(canvas, { nca }); // for tests and the curious
  onhashchange = () => location.reload();
  return { nca, scale };
}

/**
 * Lets the canvas cover the window: a canvas pixel a cell, enlarged by the browser, which costs less than drawing each.
 * @param {HTMLCanvasElement} canvas @param {number} scale
 */
export function fit(canvas, scale) {
  [canvas.width, canvas.height] = area().map((length) => Math.ceil(length / scale));
  const [width, height] = [canvas.width, canvas.height].map((cells) => (cells * scale) / devicePixelRatio + "px");
  Object.assign(canvas.style, { width, height });
}

/** The cell under a pointer. @param {number} scale @param {MouseEvent} event */
export const cell = (scale, { offsetX, offsetY }) =>
  [offsetX, offsetY].map((length) => Math.floor((length * devicePixelRatio) / scale));
