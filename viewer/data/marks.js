/** The marks of a decoder in a shader text. */

/** @import { Marks, Weighted } from "./fill.js" */
import { block, bytesOf } from "./fill.js";

/** The numbers of a texture's decoder, or undefined if it has none. @param {Weighted} texture @returns {Marks | undefined} */
export function marks({ channels, decoder }) {
  if (!decoder) return;
  const { units, grain } = decoder;
  const [w1, b1, k1, w2, b2, k2] = bytesOf(decoder.weights);
  const width = channels + grain;
  const bias2 = new Int32Array(b2.buffer);
  const groups = channels / 4;
  return {
    dw1: (i) => block(w1, width, Math.floor(i / groups), i % groups, 4),
    dgrain: (i) => block(w1.slice(channels + (i % grain)), width, Math.floor(i / grain)),
    db1: (i) => block(new Int32Array(b1.buffer), 1, i),
    dscale1: (i) => block(k1, 1, i).map((shift) => 2 ** -shift),
    dw2: (i) => Array.from({ length: 12 }, (_, at) => w2[(at % 3) * units + 4 * i + Math.floor(at / 3)]),
    db2: () => Array.from(bias2, (bias, i) => bias + 2 ** (k2[i] - 1)),
    dscale2: () => Array.from(k2, (shift) => 2 ** -shift),
  };
}
