/** Living textures for your own pages and code. This is a plain ES module. Importing it does not touch the DOM. */

export { NoWebGL2 } from "./automaton.js";
export { create } from "./create.js";
export { Pace } from "./pace.js";
export { reducedMotion, STILL } from "./still.js";
export { Texture } from "./texture.js";
export { wipe } from "./wipe.js";
