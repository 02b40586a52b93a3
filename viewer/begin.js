/** What every exported page begins with: its texture, on a grid that its address or its window decides. */

/** @import { Automaton, Bundle, Options } from "./automaton.js" */

/** The address's settings: #seed=7&size=97x61&paused. */
export const settings = () => new URLSearchParams(location.hash.slice(1));

/** The window in device pixels. */
const view = () => [innerWidth, innerHeight].map((length) => Math.ceil(length * devicePixelRatio));

/** The page's bundle; its weights travel as bytes, 16 of them for each "@" in the step shader. */
function unpack() {
  const bundle = JSON.parse(/** @type {Element} */ (document.querySelector("#bundle")).innerHTML);
  const weights = Int8Array.from(atob(bundle.weights), (byte) => byte.charCodeAt(0));
  let at = 0;
  bundle.shaders.step = bundle.shaders.step.replace(/@/g, () => weights.subarray(at, (at += 16)));
  return bundle;
}

/**
 * A texture and its scale, the device pixels a cell: on a grid of the size asked for, cells as large as fit;
 * else on about 256 x 256 cells in the window's shape.
 * @template {Automaton} T
 * @param {new (canvas: HTMLCanvasElement, bundle: Bundle, options: Options) => T} Kind @param {HTMLCanvasElement} canvas
 */
export function begin(Kind, canvas) {
  const area = view();
  const asked = settings().get("size")?.match(/^(\d+)x(\d+)$/)?.slice(1).map(Number);
  const most = asked ? Math.min(...area.map((length, i) => length / asked[i])) : Math.hypot(...area) / 362;
  const scale = Math.max(1, Math.floor(most));
  const [width, height] = asked ?? area.map((length) => Math.ceil(length / scale));
  const nca = new Kind(canvas, unpack(), { width, height, seed: Number(settings().get("seed")) || 0 });
  Object.assign(canvas, { nca }); // for tests and the curious
  onhashchange = () => location.reload();
  return { nca, scale };
}

/**
 * Lets the canvas cover the window: a canvas pixel a cell, enlarged by the browser, which costs less than drawing each.
 * @param {HTMLCanvasElement} canvas @param {number} scale
 */
export function fit(canvas, scale) {
  [canvas.width, canvas.height] = view().map((length) => Math.ceil(length / scale));
  const [width, height] = [canvas.width, canvas.height].map((cells) => (cells * scale) / devicePixelRatio + "px");
  Object.assign(canvas.style, { width, height });
}

/** The cell under a pointer. @param {number} scale @param {MouseEvent} event */
export const cell = (scale, { offsetX, offsetY }) =>
  [offsetX, offsetY].map((length) => Math.floor((length * devicePixelRatio) / scale));
