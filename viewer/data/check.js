/**
 * Checks bundles as export/bundle.py and nca/rule/rule.py do, with the same errors. tests/formats/test_bundle.py holds
 * the cases for both.
 *
 * @import { Decoder, Stored, Weights } from "./fill.js"
 */

import { bytesOf } from "./fill.js";

const EXACT = 2 ** 24; // float32 represents every integer below this
const KEYS = ["format", "name", "channels", "hidden", "update", "weights", "provenance"];

/**
 * Returns the content of a file if it is a bundle, without the shaders that files of earlier versions hold.
 * @param {any} content @returns {Stored} @throws {Error} that says what is wrong with the content
 */
export function checkBundle(content) {
  const { shaders, ...fields } = content ?? {};
  const { format, name, channels, hidden, update, weights, decoder, provenance } = fields;
  const decoded = format === "nca-fixed-2";
  expect(decoded || format === "nca-fixed-1", "format", format, `"nca-fixed-1" or "nca-fixed-2"`);
  exactly(fields, decoded ? [...KEYS, "decoder"] : KEYS, "bundle");
  expect(typeof name == "string", "name", name, "text");
  expect(isObject(provenance), "provenance", provenance, "an object");
  among("channels", channels, 4, 8, 12, 16);
  inFours("hidden", hidden, 128);
  expect(within(update, 1, 256), "update", update, "1 to 256");
  return {
    ...fields,
    weights: checkLayers("", weights, 4 * channels, hidden, channels),
    ...(decoded && { decoder: checkDecoder(decoder, channels) }),
  };
}

/** @param {Decoder} decoder @param {number} channels @returns {Decoder} */
function checkDecoder(decoder, channels) {
  exactly(decoder, ["units", "grain", "skip", "detail", "weights"], "decoder");
  const { units, grain, skip, detail, weights } = decoder;
  inFours("decoder's units", units, 64);
  expect(within(grain, 0, 4), "decoder's grain", grain, "0 to 4");
  among("decoder's skip", skip, true, false);
  among("decoder's detail", detail, 1, 2, 4, 8);
  return { ...decoder, weights: checkLayers("decoder's ", weights, channels + grain, units, 3) };
}

/**
 * Checks the two layers of a rule or a decoder. Only a decoder has b2.
 * @param {string} whose @param {Weights} weights @param {number} inputs @param {number} units @param {number} outputs
 * @returns {Weights} in the order in which fill takes them
 */
function checkLayers(whose, weights, inputs, units, outputs) {
  /** The length of each array, and the limits of its numbers. @type {Record<string, [number, number, number]>} */
  const sizes = {
    w1: [units * inputs, -127, 127],
    b1: [units, 1 - EXACT, EXACT - 1],
    k1: [units, 0, 20],
    w2: [outputs * units, -127, 127],
    ...(whose && { b2: [outputs, 1 - EXACT, EXACT - 1] }),
    k2: [outputs, 1, 20],
  };
  const names = Object.keys(sizes);
  exactly(weights, names, `${whose}weights`);
  const [w1, b1, , w2, ...rest] = names.map((name) => numbersOf(whose, name, weights[name], ...sizes[name]));
  const [k2, b2 = k2.map(() => 0)] = rest.reverse();
  checkSums(`${whose}layer 1`, w1, 2047, b1);
  checkSums(
    `${whose}layer 2`,
    w2,
    1023,
    k2.map((shift, row) => Math.abs(b2[row]) + 2 ** (shift - 1)),
  );
  return Object.fromEntries(names.map((name) => [name, weights[name]]));
}

/**
 * Checks that float32 computes each row of a layer exactly.
 * @param {string} layer @param {number[]} weights @param {number} most the largest input
 * @param {number[]} biases of the rows
 */
function checkSums(layer, weights, most, biases) {
  const width = weights.length / biases.length;
  biases.forEach((bias, row) => {
    const inputs = weights.slice(row * width, (row + 1) * width);
    const worst = inputs.reduce((sum, weight) => sum + most * Math.abs(weight), Math.abs(bias));
    if (worst >= EXACT) throw new Error(`${layer}, row ${row} can reach ${worst}: expected below 2^24`);
  });
}

/**
 * Decodes an array, and checks its length and its numbers. A number of b1 and b2 has 4 bytes, any other has one.
 * @param {string} whose @param {string} name @param {any} text @param {number} length
 * @param {number} least @param {number} most
 */
function numbersOf(whose, name, text, length, least, most) {
  // atob takes spaces, too
  expect(text?.length % 4 == 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text), name, text, "base64 text");
  const [bytes] = bytesOf({ text });
  const kind = { w: Int8Array, b: Int32Array }[name[0]] ?? Uint8Array;
  const size = length * kind.BYTES_PER_ELEMENT;
  if (bytes.length != size) throw new Error(`${name} has ${bytes.length} bytes, expected ${size}`);
  const numbers = [...new kind(bytes.buffer)];
  const odd = numbers.find((number) => !within(number, least, most));
  if (odd == null) return numbers;
  throw new Error(`${whose || "rule's "}${name} holds ${odd}: expected integers in [${least}, ${most}]`);
}

/** Checks that an object has exactly these keys. @param {any} fields @param {string[]} keys @param {string} where */
function exactly(fields, keys, where) {
  expect(isObject(fields), where, fields, "an object");
  const missing = keys.filter((key) => !Object.hasOwn(fields, key));
  const unknown = Object.keys(fields).filter((key) => !keys.includes(key));
  if (!missing.length && !unknown.length) return;
  const found = missing.length ? `no ${missing.join(", ")}` : `unknown ${unknown.slice(0, 3).map(quoted).join(", ")}`;
  throw new Error(`${found} in its ${where}, expected ${keys.join(", ")}`);
}

/** @param {unknown} value */
const isObject = (value) => typeof value == "object" && value != null && !Array.isArray(value);

/** @param {string} name @param {any} value @param {any[]} choices */
const among = (name, value, ...choices) =>
  expect(choices.includes(value), name, value, `one of (${choices.join(", ")})`);

/** @param {string} name @param {any} count @param {number} most */
const inFours = (name, count, most) =>
  expect(within(count, 4, most) && count % 4 == 0, name, count, `a multiple of 4 from 4 to ${most}`);

/** @param {any} number @param {number} least @param {number} most */
const within = (number, least, most) => Number.isInteger(number) && number >= least && number <= most;

/** A value of unknown size on one line of an error. @param {unknown} value */
const quoted = (value) => String(JSON.stringify(value)).slice(0, 60);

/** @param {boolean} right @param {string} what @param {unknown} found @param {string} expected */
function expect(right, what, found, expected) {
  if (!right) throw new Error(`${what} is ${quoted(found)}, expected ${expected}`);
}
