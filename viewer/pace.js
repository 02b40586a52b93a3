/** How many steps fit a frame: a fence behind its last command tells, or the clock where drawing holds up the page. */

const BUDGET = 12; // ms of a frame's 16

export class Pace {
  /** Whether the device is still at the last frame. Then it gets no other, so that no stroke waits behind a queue. */
  busy = false;
  /** The steps that fit a frame, as measured so far, and how fast to try more. */
  #most = 1;
  #growth = 1.5;
  /** Whether a speed asks for more. */
  #short = false;
  #began = 0;
  /** Reached when the device has done the last frame. @type {WebGLSync | null} */
  #fence = null;

  /** @param {WebGL2RenderingContext} gl */
  constructor(gl) {
    this.gl = gl;
  }

  /** Begins a frame. */
  begin() {
    const { gl } = this;
    const late = this.#fence && gl.getSyncParameter(this.#fence, gl.SYNC_STATUS) == gl.UNSIGNALED;
    this.busy = late || gl.isContextLost();
    this.#began = performance.now();
    if (late && this.#most > 1) [this.#most, this.#growth] = [Math.max(1, this.#most * 0.85), 1.003]; // as TCP does
    if (late) return;
    gl.deleteSync(this.#fence);
    this.#fence = null;
  }

  /** Of the steps that are due, with those of this frame, what fits; the rest is not owed. @param {number} due @param {number} speed */
  fit(due, speed) {
    this.#short ||= speed > this.#most;
    return Math.min(due + speed, this.#most);
  }

  /** Ends a frame that gave the device something to do. */
  end() {
    const { gl } = this;
    if (this.#short && performance.now() - this.#began < BUDGET) this.#most *= this.#growth *= 1.0005; // soon fast again
    this.#short = false;
    this.#fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush(); // nothing else sends the fence off where the canvas is not on the page
  }
}
