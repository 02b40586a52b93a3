/**
 * Makes the shaders of a texture from texts with marks in place of numbers, as `fill` of export/shaders.py does.
 *
 * @import { Bundle } from "../runtime/automaton.js"
 * @typedef {Record<string, string>} Weights the base64 text of each array
 * @typedef {{ units: number, grain: number, skip: boolean, detail: number, weights: Weights }} Decoder
 * @typedef {{ channels: number, hidden: number, update: number, weights: Weights, decoder?: Decoder }} Weighted the
 *   sizes, update rate, weights and decoder of a rule, as a bundle stores them
 * @typedef {Weighted & { format: string, name: string, provenance: Record<string, any>, fingerprint?: string }} Stored
 *   a bundle as a file or a page holds it. Only a page's have a fingerprint
 * @typedef {Bundle & Stored} Made a bundle with its shaders
 * @typedef {Record<string, (i: number) => any>} Marks for each mark: the numbers that replace its i-th occurrence
 */

import { PASSES } from "../runtime/passes.js";

/** The shaders of a texture, in the order of their texts. */
const SHADERS = ["vertex", ...PASSES];

/**
 * Adds shaders to a texture: the texts, filled with its weights.
 * @param {Stored} texture @param {string[]} texts @param {Marks} [more] of its decoder @returns {Made}
 */
export const withShaders = (texture, texts, more) => ({
  ...texture,
  shaders: Object.fromEntries(SHADERS.map((pass, i) => [pass, fill(texts[i], texture, more)])),
});

/**
 * Decodes the bytes of arrays. b1 and b2 have 32-bit numbers, and the others have 8-bit numbers.
 * @param {Weights} weights
 */
export const bytesOf = (weights) =>
  Object.values(weights).map((text) => Int8Array.from(atob(text), (byte) => byte.charCodeAt(0)));

/**
 * Replaces the marks in a text by the numbers of a rule. The loops of the text are already unrolled.
 * @param {string} text @param {Weighted} rule its weights are in the order w1, b1, k1, w2, k2
 * @param {Marks} [more] of a decoder
 */
export function fill(text, { channels, hidden, weights }, more) {
  const [w1, b1, k1, w2, k2] = bytesOf(weights);
  const groups = channels / 4;
  /** @type {Marks} */
  const numbers = {
    w1: (i) => block(w1, 4 * channels, Math.floor(i / channels), i % channels, 4),
    b1: (i) => block(new Int32Array(b1.buffer), 1, i),
    scale1: (i) => block(k1, 1, i).map((shift) => 2 ** -shift),
    w2: (i) => block(w2, hidden, i % groups, Math.floor(i / groups), 4),
    half: (i) => block(k2, 1, i).map((shift) => 2 ** (shift - 1)),
    scale2: (i) => block(k2, 1, i).map((shift) => 2 ** -shift),
    ...more,
  };
  /** For each mark: the index of the last replaced occurrence. @type {Record<string, number>} */
  const taken = {};
  return text.replace(/@(\w+)@/g, (_, name) => numbers[name]((taken[name] = taken[name] + 1 || 0)));
}

/**
 * Returns the block of 4 rows at (row, column), column by column, which is the order of GLSL.
 * @param {ArrayLike<number>} array @param {number} width @param {number} row
 */
export const block = (array, width, row, column = 0, columns = 1) =>
  Array.from({ length: 4 * columns }, (_, i) => array[(4 * row + (i & 3)) * width + 4 * column + (i >> 2)]);
