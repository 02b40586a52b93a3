/** The runtime and the element in one module, for content delivery networks. */

export { NoWebGL2, create, Pace, reducedMotion, STILL, Texture, wipe } from "../runtime/nca.js";
export { NcaTexture } from "./element.js";
