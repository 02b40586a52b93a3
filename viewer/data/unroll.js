/** @import { Weighted } from "./fill.js" */

/**
 * Unrolls the loops of a shader text for the sizes of a texture. The text is the same for all textures.
 * It does what `unroll` of export/shaders.py does.
 * @param {string} text @param {Weighted} texture
 */
export function unroll(text, { channels, hidden, update, decoder }) {
  const groups = range(channels / 4);
  const rarely = update <= 128; // at most one cell of a pair updates
  /** @type {Record<string, number[]>} */
  const loops = {
    rarely: range(+rarely),
    often: range(+!rarely),
    hidden: range(hidden / 4),
    k: groups,
    row: groups,
    unit: range((decoder?.units ?? 0) / 4),
    grain: range(decoder?.grain ?? 0),
    skip: range(+!!decoder?.skip),
  };
  /** @param {string} text @returns {string} */
  const repeat = (text) =>
    text.replace(/@for\((\w+)\)([^]*?)@end\(\1\)/g, (_, name, body) =>
      loops[name].map((i) => repeat(body.replaceAll(`@${name}@`, `${i}`))).join(""),
    );
  return repeat(text).replaceAll("@K@", `${groups.length}`).replaceAll("@update@", `${update}`);
}

/** @param {number} count */
const range = (count) => [...Array(count).keys()];
