/** @import { Automaton } from "./automaton.js" */

/**
 * Binds the textures of an automaton to their units. Automata that share a context use the same units, so this comes
 * before each call.
 * @param {Automaton} automaton
 */
export function bindTextures({ gl, textures }) {
  textures.forEach((texture, unit) => {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
  });
}
