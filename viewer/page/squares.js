/**
 * Draws cells as squares: their colours, one channel, or the mask. The mask is the set of cells that the last step
 * updated.
 */

/** @import { Automaton } from "../runtime/automaton.js" */
import { modulo, stepKey } from "../runtime/automaton.js";

/**
 * Draws with the pass in use, which is that of shaders/show.frag.j2.
 * @param {Automaton} automaton @param {Record<string, WebGLUniformLocation | null>} at the pass's uniforms
 * @param {string | number} show "colour", "mask", or a channel's number
 * @param {WebGLFramebuffer | null} target @param {number[]} box @param {number} top @param {number} scale
 * @param {number[]} corner the cell in the upper left corner
 */
export function squares(automaton, at, show, target, box, top, scale, corner) {
  const { gl, width, height, fields, textures, seed, stepCount } = automaton;
  const [{ units, phase }] = fields;
  const unit = units[typeof show == "number" ? show >> 2 : 0];
  const { update } = /** @type {any} */ (automaton.bundle);
  gl.bindFramebuffer(gl.FRAMEBUFFER, target);
  gl.viewport(box[0], box[1], box[2], box[3]);
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, textures[unit]);
  gl.uniform1i(at.state, unit);
  gl.uniform3i(at.grid, width, height, phase);
  gl.uniform4i(at.view, top, scale, modulo(corner[0], width), modulo(corner[1], height));
  gl.uniform2iv(at.show, { colour: [0, 0], mask: [2, stepCount && update] }[show] ?? [1, +show & 3]);
  gl.uniform1ui(at.key, stepKey(seed, stepCount - 1));
  gl.drawArrays(gl.TRIANGLES, 0, 3);
}
