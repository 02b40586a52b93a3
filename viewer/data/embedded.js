/**
 * Reads the data of an exported page: the settings in its address, and the shaders and textures in its scripts
 * (export/embedded.py writes them).
 *
 * @import { Stored } from "./fill.js"
 */

/** Cells along the window's diagonal, if the address gives no grid size. The grid has about 256 x 256 cells. */
export const CELLS = 362;

/** A texture begins anew when the window has grown by more than this factor since its grid was made. */
export const OUTGROWN = 3;

/** The width and height of the window in device pixels. */
export const area = () => [innerWidth, innerHeight].map((length) => Math.ceil(length * devicePixelRatio));

/** Returns the settings in the address, for example #lava&seed=7&size=97x61&paused. */
export function settings() {
  const given = new URLSearchParams(location.hash.slice(1));
  const size = given
    .get("size")
    ?.match(/^(\d+)x(\d+)$/)
    ?.slice(1)
    .map(Number);
  return { given, size, seed: Number(given.get("seed")) || 0, paused: given.has("paused") };
}

/**
 * The shader texts in the page's first script, with marks in place of a texture's numbers.
 * In the page: vertex, step, brush, display, decode, and show, which only a page runs.
 */
export const texts = () => document.scripts[0].innerHTML.split(/(?=#version)/);

/** Returns the texture in a script. @param {Element} script @returns {Stored} */
export const unpack = (script) => JSON.parse(script.innerHTML);
