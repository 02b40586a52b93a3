/** The settings in the page's address, within the bounds of a session: so each session that the page saves is valid. */

import { settings } from "../data/embedded.js";
import { SEED_MOST, WIDEST } from "../session/check.js";

/** As settings, with the nearest seed and size that a session can have. */
export function asked() {
  const { size, seed, ...others } = settings();
  return {
    ...others,
    seed: nearest(Math.trunc(seed), 0, SEED_MOST),
    size: size?.map((length) => nearest(length, 1, WIDEST)),
  };
}

/** @param {number} number @param {number} least @param {number} most */
const nearest = (number, least, most) => Math.min(Math.max(number, least), most);
