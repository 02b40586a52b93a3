/** The animation loop of a context. In every frame it calls the callbacks of the textures that are due. */

/** @import { Rate } from "./rate.js" */
import { Pace } from "./pace.js";

/** @typedef {(pace: Pace) => void} Frame the callback of one texture in a frame */

export class Loop {
  /** @type {Map<Frame, Rate | undefined>} */
  #moving = new Map();
  #pace;
  #frame = 0;

  /** @param {WebGL2RenderingContext} gl */
  constructor(gl) {
    this.gl = gl;
    this.#pace = new Pace(gl);
  }

  /**
   * Adds or removes a callback. A hidden tab gets no animation frames, so nothing runs there.
   * @param {Frame} frame @param {boolean} on @param {Rate} [rate] without one, every frame is due
   */
  move(frame, on, rate) {
    if (on) this.#moving.set(frame, rate);
    else this.#moving.delete(frame);
    this.#frame ||= requestAnimationFrame(this.#tick);
  }

  #tick = (/** @type {number} */ now) => {
    this.#frame = 0;
    const due = [...this.#moving].filter(([, rate]) => !rate || rate.due(now));
    if (due.length) this.#pace.begin();
    for (const [frame] of due) frame(this.#pace);
    if (due.length && !this.#pace.busy) this.#pace.end();
    if (this.#moving.size) this.#frame ||= requestAnimationFrame(this.#tick);
  };
}
