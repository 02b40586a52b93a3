/** Makes the page's bundles: of its own textures, and of files that users open, after a check. */

/** @import { Stored } from "./fill.js" */
import { checkBundle } from "./check.js";
import { complete } from "./complete.js";
import { texts } from "./embedded.js";

/** Makes the bundle of a texture of the page. @param {Stored} texture */
export const fromPage = (texture) => complete(texture, texts());

/** Makes the bundle of a file's content. @param {any} content @throws {Error} that says what is wrong with it */
export const accept = (content) => fromPage(checkBundle(content));
