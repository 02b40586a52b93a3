/** Draws with a decoder, which paints d x d pixels in each cell. The detail d is 1, 2, 4 or 8. */

/** @import { Show } from "./display.js" */
/** @import { Pass } from "./passes.js" */

/** The smallest detail with at least so many pixels per cell, or else 8. @param {number} scale */
export const detail = (scale) => 2 ** Math.min(3, Math.max(0, Math.ceil(Math.log2(scale))));

/**
 * Draws the pixels. The last parameters are the cell in the upper left corner, and the uniforms of a pass in use.
 * @type {(...all: [...Parameters<Show>, number[]?, Pass["at"]?]) => void}
 */
export function decode(
  automaton,
  target,
  [x, y, across, down],
  top,
  scale,
  [left, above] = [0, 0],
  at = automaton.use("display"),
) {
  const { gl, width, height, fields } = automaton;
  const d = detail(scale);
  gl.bindFramebuffer(gl.FRAMEBUFFER, target);
  gl.viewport(x, y, across, down);
  gl.uniform1iv(at.state, fields[0].units);
  gl.uniform3i(at.grid, width, height, fields[0].phase);
  gl.uniform4i(at.view, top, scale, left * d, above * d);
  gl.uniform1i(at.detail, d);
  gl.drawArrays(gl.TRIANGLES, 0, 3);
}
