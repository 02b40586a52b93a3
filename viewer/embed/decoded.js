/** The page for an <iframe> of a texture with a decoder. */

import { marks } from "../data/marks.js";
import { decode, detail } from "../runtime/decode.js";
import { Ease } from "../runtime/ease.js";
import { live } from "./live.js";

live({
  marks,
  adapt(nca) {
    const ease = new Ease(
      () => nca.scale,
      () => dispatchEvent(new Event("resize")), // the page fits its canvas
    );
    nca.show = decode;
    ease.watch(nca);
    return (scale) => Math.min(detail(scale), ease.most);
  },
});
