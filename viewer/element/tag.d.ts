/**
 * Tells TypeScript which class a document makes for `<nca-texture>`, and which attributes it has in React's JSX.
 * JavaScript cannot say it.
 */

import type { Stored } from "../../types/data/fill.js";
import type { ATTRIBUTES } from "../../types/element/attributes.js";
import type { NcaTexture, Trouble } from "../../types/element/element.js";

export * from "../../types/element/element.js";

type Table = typeof ATTRIBUTES;

/** The attributes in JSX. A number may be a text. React adds a listener for each name in small letters. */
export type NcaTextureAttributes = {
  [Name in keyof Table]?: Table[Name] extends number ? number | `${number}` : Table[Name];
} & {
  bundle?: Stored | null;
  onload?: (event: CustomEvent) => void;
  onerror?: (event: CustomEvent<{ type: Trouble; message: string }>) => void;
  oncontextlost?: (event: CustomEvent) => void;
  oncontextrestored?: (event: CustomEvent) => void;
};

declare global {
  interface HTMLElementTagNameMap {
    "nca-texture": NcaTexture;
  }
}

// A project without React has no such module, and TypeScript reads over these lines.
// @ts-ignore
declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      // @ts-ignore
      "nca-texture": NcaTextureAttributes & DetailedHTMLProps<HTMLAttributes<NcaTexture>, NcaTexture>;
    }
  }
}
