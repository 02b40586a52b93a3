/**
 * Makes what runs of what people give: a bundle whose content is checked, with shaders that are made here from its
 * weights. No shader that a file holds ever runs.
 *
 * @import { Made, Stored } from "./fill.js"
 */

import { checkBundle } from "./check.js";
import { complete } from "./complete.js";
import { TEMPLATES } from "./templates.js";

/** What was made of each object, so that textures of one bundle share their programs. @type {WeakMap<Stored, Made>} */
const prepared = new WeakMap();

/** @param {Stored} bundle @returns {Made} @throws {Error} that says what is wrong with it */
export function made(bundle) {
  const found = prepared.get(bundle) ?? complete(checkBundle(bundle), TEMPLATES.split(/(?=#version)/));
  prepared.set(bundle, found).set(found, found);
  return found;
}
