/** Makes the page's bundles: of its own textures, and of files that users open, after a check. */

/** @import { Stored } from "./fill.js" */
import { checkBundle } from "./check.js";
import { complete } from "./complete.js";
import { texts } from "./embedded.js";

/** Makes the bundle of a texture of the page. @param {Stored} texture */
export const fromPage = (texture) => complete(texture, texts());

/** Makes the bundle of a file's content. @param {any} content @throws {Error} that says what is wrong with it */
export function accept(content) {
  if (!fits(content, 64)) throw new Error("nested too deeply"); // for Python, which reads the sessions of a page
  return fromPage(checkBundle(content));
}

/** Whether a value is nested in at most so many levels. @param {any} value @param {number} levels @returns {boolean} */
const fits = (value, levels) =>
  Object(value) !== value || (levels > 0 && Object.values(value).every((each) => fits(each, levels - 1)));
