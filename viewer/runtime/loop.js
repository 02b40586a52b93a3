/** The animation loop of a context. In every frame it calls the callbacks of all textures that move. */

import { Pace } from "./pace.js";

/** @typedef {(pace: Pace) => void} Frame the callback of one texture in a frame */

export class Loop {
  /** @type {Set<Frame>} */
  #moving = new Set();
  #pace;
  #frame = 0;

  /** @param {WebGL2RenderingContext} gl */
  constructor(gl) {
    this.gl = gl;
    this.#pace = new Pace(gl);
  }

  /**
   * Adds or removes a callback. A hidden tab gets no animation frames, so nothing runs there.
   * @param {Frame} frame @param {boolean} on
   */
  move(frame, on) {
    this.#moving[on ? "add" : "delete"](frame);
    this.#frame ||= requestAnimationFrame(this.#tick);
  }

  /** Calls these callbacks. @param {Iterable<Frame>} frames @param {number} now the time, in ms */
  step(frames, now) {
    this.#pace.begin();
    for (const frame of frames) frame(this.#pace);
    this.#pace.end();
  }

  #tick = (/** @type {number} */ now) => {
    this.#frame = 0;
    this.step(this.#moving, now);
    if (this.#moving.size) this.#frame ||= requestAnimationFrame(this.#tick);
  };
}
