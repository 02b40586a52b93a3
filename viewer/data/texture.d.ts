/** The type of a texture's file, for `import moss from "nca-texture/textures/moss.nca.json"`. */

import type { Stored } from "../../types/data/fill.js";

declare const texture: Stored;
export default texture;
