/** @import { Stored } from "./fill.js" */
import { withShaders } from "./fill.js";
import { marks } from "./marks.js";
import { unroll } from "./unroll.js";

/**
 * Makes the shaders of a texture from texts that are the same for all: vertex, step, brush, display and decode. The
 * last one displays textures with a decoder.
 * @param {Stored} texture @param {string[]} texts
 */
export const complete = ({ fingerprint, ...texture }, [vertex, step, brush, display, decode]) =>
  withShaders(
    texture,
    [vertex, step, brush, texture.decoder ? decode : display].map((text) => unroll(text, texture)),
    marks(texture),
  );
