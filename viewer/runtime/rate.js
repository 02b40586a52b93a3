/** Chooses the frames of the screen in which a texture works. */
export class Rate {
  /** The most frames a second. */
  fps = Infinity;
  /** When the last frame was due. Counted from there, late frames keep the average. */
  #last = -1e99;

  /** Whether the texture works in this frame. @param {number} now the time of the frame, in ms */
  due(now) {
    const interval = 1000 / this.fps;
    if (now - this.#last < interval - 2) return false; // 2 ms: the times of a screen's frames jitter
    this.#last += interval;
    if (!(now - this.#last < interval)) this.#last = now; // skips what a slow screen or a hidden tab missed
    return true;
  }
}
