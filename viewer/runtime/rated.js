/**
 * An animation loop in which each texture works in some frames only. The smallest pages do without it.
 *
 * @import { Frame } from "./loop.js"
 * @import { Rate } from "./rate.js"
 */

import { Loop } from "./loop.js";

export class RatedLoop extends Loop {
  /** @type {WeakMap<Frame, Rate>} */
  #rates = new WeakMap();

  /** Gives the frames of a callback a rate. Without one it works in all. @param {Frame} frame @param {Rate} rate */
  limit(frame, rate) {
    this.#rates.set(frame, rate);
  }

  /** Where no callback is due, the device gets nothing. @param {Iterable<Frame>} frames @param {number} now */
  step(frames, now) {
    const due = [...frames].filter((frame) => this.#rates.get(frame)?.due(now) ?? true);
    if (due.length) super.step(due, now);
  }
}
