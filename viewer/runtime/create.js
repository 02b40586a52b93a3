/** @import { Stored } from "../data/fill.js" */
/** @import { Options } from "./automaton.js" */
import { made } from "../data/made.js";
import { Texture } from "./texture.js";

/**
 * Creates a texture, on its own canvas or in the WebGL2 context of other code. It is paused, at step 0.
 * @param {HTMLCanvasElement | OffscreenCanvas | WebGL2RenderingContext} target
 * @param {Stored} bundle the content of a bundle file @param {Options} [options]
 */
export const create = (target, bundle, options) => new Texture(target, made(bundle), options);
