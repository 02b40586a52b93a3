/** @import { Texture } from "./texture.js" */
import { cellUnder } from "./cell.js";
import { followPointers, stroke } from "./pointers.js";

/**
 * Lets pointers erase cells of a texture on its canvas. The style sheet may give the canvas any size.
 * @param {Texture} nca
 * @param {number} [radius] of the holes, in cells. The default is 1/16 of the grid's shorter side
 */
export function wipe(nca, radius) {
  const canvas = /** @type {HTMLCanvasElement} */ (nca.canvas);
  followPointers(
    canvas,
    (event) => nca.automaton.fields.length && cellUnder(event, canvas, nca.scale), // unless it is destroyed
    (from, to) => {
      const r = radius ?? Math.ceil(Math.min(nca.width, nca.height) / 16);
      stroke((x, y) => nca.erase(x, y, r), from, to, r);
      nca.draw();
    },
  );
}
