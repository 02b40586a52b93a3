/**
 * A browser keeps only about 16 WebGL contexts, so all elements of a page share one context and one loop.
 *
 * @import { NcaTexture } from "./element.js"
 */

import { context } from "../runtime/automaton.js";
import { RatedLoop } from "../runtime/rated.js";

/** The elements in the document. @type {Set<NcaTexture>} */
export const elements = new Set();

/** The loop that they share, until the last element leaves the document. @type {RatedLoop | null} */
let shared = null;

export const share = () => (shared ??= begin());

function begin() {
  const gl = context(document.createElement("canvas"));
  for (const type of ["contextlost", "contextrestored"])
    gl.canvas.addEventListener("webgl" + type, (event) => {
      event.preventDefault(); // otherwise the browser does not restore the context
      for (const element of elements) {
        if (!gl.isContextLost()) element.texture?.witness?.recover();
        tell(element, type);
      }
    });
  return new RatedLoop(gl);
}

/** Removes an element that has left the document. @param {NcaTexture} element */
export function leave(element) {
  elements.delete(element);
  if (elements.size) return;
  shared?.gl.getExtension("WEBGL_lose_context")?.loseContext();
  shared = null;
}

/**
 * Dispatches an event after its cause is complete: the bundle setter has returned, or all textures are restored.
 * @param {Element} element @param {string} type @param {object} [detail]
 */
export const tell = (element, type, detail) =>
  setTimeout(() => element.dispatchEvent(new CustomEvent(type, { detail })));
