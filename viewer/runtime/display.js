/**
 * Draws a state to a canvas or to a picture, with the display pass.
 *
 * @import { Automaton } from "./automaton.js"
 * @typedef {{ texture: WebGLTexture, framebuffer: WebGLFramebuffer }} Picture
 * @typedef {(
 *   automaton: Automaton, target: WebGLFramebuffer | null, box: number[], top: number, scale: number,
 * ) => void} Show draws a state to a target. box is left, bottom, width and height in the target. top is the target's
 *   height. scale is the number of device pixels per cell
 */

import { attach } from "./attach.js";

/** Draws the colours of the state, with the first cell in the upper left corner. @type {Show} */
export function show(automaton, target, [x, y, across, down], top, scale) {
  const { gl, width, height, fields } = automaton;
  const at = automaton.use("display");
  gl.bindFramebuffer(gl.FRAMEBUFFER, target);
  gl.viewport(x, y, across, down);
  gl.uniform1i(at.state, fields[0].units[0]);
  gl.uniform3i(at.grid, width, height, fields[0].phase);
  gl.uniform2i(at.view, top, scale);
  gl.drawArrays(gl.TRIANGLES, 0, 3);
}

/**
 * Creates an RGBA texture and its framebuffer.
 * @param {Automaton} automaton @param {number} width @param {number} height @returns {Picture}
 */
export function newPicture({ gl, textures }, width, height) {
  const framebuffer = gl.createFramebuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  return { framebuffer, texture: attach(gl, textures.length, 0, gl.RGBA8, gl.LINEAR, width, height) };
}

/** @param {WebGL2RenderingContext} gl @param {Picture} picture */
export function deletePicture(gl, { texture, framebuffer }) {
  gl.deleteTexture(texture);
  gl.deleteFramebuffer(framebuffer);
}
