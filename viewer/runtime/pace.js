/**
 * Measures how many steps fit in a frame. A fence after the frame's last command shows when the device is done.
 * Where drawing blocks the page, the clock shows it.
 */

const BUDGET = 12; // ms, of the 16 ms of a frame

export class Pace {
  /** Whether the device still works on the last frame. Then it gets no new frame, so no stroke waits behind a queue. */
  busy = false;
  /** The steps that fit in a frame, as measured so far. */
  most = 1;
  /** Whether a late frame need not take fewer steps. @type {(() => boolean) | undefined} */
  spare;
  /** The factor by which most grows. */
  #growth = 1.5;
  /** Whether a texture's speed asks for more steps than fit. */
  #short = false;
  #began = 0;
  /** Signaled when the device has finished the last frame. @type {WebGLSync | null} */
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
    if (late && this.most > 1 && !this.spare?.()) [this.most, this.#growth] = [Math.max(1, this.most * 0.85), 1.003]; // like TCP
    if (late) return;
    gl.deleteSync(this.#fence);
    this.#fence = null;
  }

  /**
   * Adds the steps of this frame to the steps that are due. Drops the steps that do not fit.
   * @param {number} due @param {number} speed @returns the steps that fit
   */
  fit(due, speed) {
    this.#short ||= speed > this.most;
    return Math.min(due + speed, this.most);
  }

  /** Ends a frame. In a busy one the device got no commands. */
  end() {
    if (this.busy) return;
    const { gl } = this;
    if (this.#short && performance.now() - this.#began < BUDGET) this.most *= this.#growth *= 1.0005; // recovers soon
    this.#short = false;
    this.#fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush(); // if the canvas is not on the page, nothing else sends the fence
  }
}
