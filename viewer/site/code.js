/**
 * The code that shows a texture as chosen on the playground: a text to copy, for each kind of use. The page holds the
 * texts, those of the folder code: a mark is the name of a value between two at signs.
 *
 * @typedef {{ name: string, file: string, width: number, height: number, cell: number, speed: number, fps: number,
 *   brush: number, seed: number }} Choice file: the texture's address; width, height, cell: CSS pixels; speed: steps a
 *   frame; fps: the most frames a second; brush: cells
 */

/**
 * The files that the code of each use needs beside it.
 * @type {Record<string, (file: string) => string[]>}
 */
export const FILES = {
  element: (file) => ["nca-texture.js", `${file}.nca.json`],
  iframe: (file) => [`${file}.html`],
  module: (file) => ["nca.js", `${file}.nca.json`],
  three: (file) => ["nca.js", `${file}.nca.json`],
};

/** The attributes of the element and their defaults. */
const ATTRIBUTES = { seed: 0, speed: 1, fps: Infinity, cell: 2, brush: 0 };

/** Fills a text with a choice. @param {string} text @param {Choice} choice */
export function fillCode(text, choice) {
  const [across, down] = [choice.width, choice.height].map((length) => Math.ceil(length / choice.cell));
  const title = choice.name.replace(/[&"<]/g, (mark) => `&#${mark.charCodeAt(0)};`);
  /** @type {Record<string, string | number>} */
  const values = { ...choice, across, down, title, attributes: attributes(choice) };
  return text.replace(/@(\w+)@/g, (_, name) => `${values[name]}`);
}

/** The attributes that differ from their defaults. @param {Choice} choice */
const attributes = (choice) =>
  Object.entries(ATTRIBUTES)
    .map(([name, usual]) => [name, /** @type {any} */ (choice)[name], usual])
    .filter(([, value, usual]) => value != usual)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join("");

/** Shadertoy's tab Common with the seed and the brush of a choice. @param {string} text @param {Choice} choice */
export const fillCommon = (text, { seed, brush }) =>
  text.replace(/(#define SEED )\d+/, `$1${seed}`).replace(/(#define BRUSH )\d+/, `$1${brush}`);
