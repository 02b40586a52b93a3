/** Tells TypeScript which class a document makes for `<nca-texture>`. JavaScript cannot say it. */

import type { NcaTexture } from "../../types/element/element.js";

export * from "../../types/element/element.js";

declare global {
  interface HTMLElementTagNameMap {
    "nca-texture": NcaTexture;
  }
}
