/** The WebGL2 context of a canvas or of other code, and what may be wrong with it. */

import { context } from "./automaton.js";

const CONTEXTS = 16; // Chromium's and Safari's limit for a page. For one more they take the oldest, and may have fewer

/** The contexts of the canvases that textures draw on. @type {Set<WebGL2RenderingContext>} */
const drawing = new Set();

/**
 * Returns the context of a target.
 * @param {any} target a canvas or a WebGL2 context @returns {WebGL2RenderingContext} @throws that names the mistake
 */
export function contextOf(target) {
  if (target?.texStorage2D) return target;
  if (!target?.getContext) throw new TypeError(`target is ${target}: expected a canvas or a WebGL2 context`);
  const others = [...drawing].filter((gl) => !gl.isContextLost() && gl.canvas != target);
  const gl = others.length < CONTEXTS && own(target);
  if (!gl || others.some((other) => other.isContextLost()))
    throw new Error(
      `${others.length} canvases have a WebGL context each, the most of a browser: let textures share one`,
    );
  drawing.add(gl);
  return gl;
}

/** Forgets the context of a canvas, on which no texture draws any more. @param {WebGL2RenderingContext} gl */
export const forget = (gl) => drawing.delete(gl);

/** Loses a context that nobody needs. @param {WebGL2RenderingContext | null} gl */
const release = (gl) => gl?.getExtension("WEBGL_lose_context")?.loseContext();

/** @param {HTMLCanvasElement | OffscreenCanvas} canvas */
function own(canvas) {
  try {
    return context(canvas);
  } catch (error) {
    const other = "cloneNode" in canvas ? canvas.cloneNode() : new OffscreenCanvas(1, 1);
    const gl = /** @type {HTMLCanvasElement} */ (other).getContext("webgl2");
    release(gl);
    throw gl ? new TypeError("the canvas has another context, such as 2d: expected a canvas without one") : error;
  }
}
