/**
 * A page's texture as the bundle that it was made from: its weights read from its step shader, as nca/export/shaders.py does.
 *
 * @import { Embedded } from "./embedded.js"
 */

/** The object of a .nca.json file. @param {Embedded} bundle */
export function toBundle({ fingerprint, ...bundle }) {
  return fingerprint ? { ...bundle, weights: weights(bundle) } : bundle; // others came as a file
}

/** @param {Pick<Embedded, "channels" | "hidden" | "shaders">} bundle */
function weights({ channels: C, hidden: H, shaders: { step } }) {
  const [K, groups] = [C / 4, H / 4];
  const matrices = literals("mat4", step);
  const vectors = literals("vec4", step).map((four) => (four.length > 1 ? four : Array(4).fill(four[0])));
  const [w1, w2] = [new Int8Array(4 * C * H), new Int8Array(C * H)];
  for (let group = 0; group < groups; group++)
    for (let matrix = 0; matrix < C + K; matrix++)
      matrices[group * (C + K) + matrix].forEach((weight, i) => {
        const [column, row] = [i >> 2, i & 3]; // GLSL fills a matrix column by column
        if (matrix < C) w1[(4 * group + row) * 4 * C + 4 * matrix + column] = weight;
        else w2[(4 * (matrix - C) + row) * H + 4 * group + column] = weight;
      });
  const inner = vectors.slice(K, -K); // bias and scale of each group, between halves and scales of the update
  const b1 = Int32Array.from(inner.filter((_, i) => i % 2 == 0).flat());
  const k1 = shifts(inner.filter((_, i) => i % 2));
  const k2 = shifts(vectors.slice(-K));
  return Object.fromEntries(Object.entries({ w1, b1, k1, w2, k2 }).map(([name, array]) => [name, base64(array)]));
}

/** The numbers of every constructor of numbers alone, in order. @param {string} kind @param {string} text */
function literals(kind, text) {
  const found = text.matchAll(new RegExp(kind + "\\(([-+\\d.,e]+)\\)", "g"));
  return [...found].map(([, numbers]) => numbers.split(",").map(Number));
}

/** The k of each scale 2^-k. @param {number[][]} scales */
const shifts = (scales) => Uint8Array.from(scales.flat().map((scale) => -Math.log2(scale)));

/** @param {Int8Array | Int32Array | Uint8Array} array */
const base64 = ({ buffer }) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
