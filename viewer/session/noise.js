/** The noise brush. */

/** @import { Automaton } from "../runtime/automaton.js" */
import { mix } from "../runtime/automaton.js";

const NOISE = 3; // the number of the field that holds the noise, which never changes

/** Draws a disc of noise. @param {Automaton} automaton @param {number} x @param {number} y @param {number} r */
export function drawNoise(automaton, x, y, r) {
  if (!automaton.fields[NOISE]) addNoise(automaton); // again, after a lost context or a resize
  automaton.disc(0, NOISE, 1, x, y, r);
}

/**
 * Adds a field and fills it with an integer hash of cell and channel, in [-1024, 1023].
 * @param {Automaton} automaton
 */
function addNoise(automaton) {
  automaton.addField();
  const { gl, width, height, columns, fields } = automaton;
  const { units, phase } = fields[NOISE];
  const texels = new Int32Array(4 * columns * height);
  units.forEach((unit, k) => {
    texels.forEach((_, at) => {
      const [channel, column, y] = [4 * k + (at & 3), (at >> 2) % columns, Math.floor(at / 4 / columns)];
      const [left, right] = [0, 1].map((i) => noise(channel, y, (2 * column + i + phase) % width));
      texels[at] = (left & 65535) | (right << 16);
    });
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, columns, height, gl.RGBA_INTEGER, gl.INT, texels);
  });
}

/** @param {number} channel @param {number} y @param {number} x */
const noise = (channel, y, x) => (mix(mix(mix(x) + y) + channel) >>> 21) - 1024;
