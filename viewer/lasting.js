/**
 * An automaton that outlives its WebGL context: what a device loses while it sleeps comes back, bit for bit.
 *
 * @import { Disc } from "./automaton.js"
 * @typedef {{ step: number, phases: number[], texels: Int32Array }} Snapshot state and kept state
 */

import { Automaton } from "./automaton.js";

const SAVE_EVERY = 512; // steps: what a restored context replays, at most, and a copy that costs nothing beside them

export class Lasting extends Automaton {
  /** What happened since the snapshot, or since step 0. @type {{ step: number, disc: Disc }[]} */
  _past = [];
  /** @type {Snapshot | null} */
  _saved = null;
  /** A snapshot on its way from the device. @type {{ fence: WebGLSync, buffer: WebGLBuffer, past: number, snapshot: Snapshot } | null} */
  _saving = null;

  /** Takes n steps, without drawing. */
  step(n = 1) {
    super.step(n);
    this.#save();
  }

  /** Stops for good and gives back what it holds: its context, or its part of one that is shared. */
  destroy() {
    this._stopSaving();
    super.destroy();
  }

  /** @param {Disc} disc @protected */
  _stamp(...disc) {
    super._stamp(...disc);
    this._past.push({ step: this.stepCount, disc });
  }

  /** Snapshots and strokes of the run before are forgotten. @param {number} seed @protected */
  _begin(seed) {
    super._begin(seed);
    this._stopSaving();
    this._saved = null;
    this._past = [];
  }

  /** The same state again, from the snapshot and what happened since. @protected */
  _recover() {
    const { stepCount } = this;
    const [saved, past] = [this._saved, this._past];
    this._saving = null;
    super._recover();
    if (saved) this._load(saved);
    for (const { step, disc } of past) {
      this.step(step - this.stepCount);
      this._stamp(...disc);
    }
    this.step(stepCount - this.stepCount);
    if (!this.shared) this.draw();
  }

  /** Now and then starts a copy of the state from the device, and takes the last one over when it has come, without waiting. */
  #save() {
    const { gl } = this;
    if (gl.isContextLost()) return;
    if (!this._saving) {
      if (this.stepCount - (this._saved?.step ?? 0) >= SAVE_EVERY) this._saving = this.#startSaving();
    } else if (gl.getSyncParameter(this._saving.fence, gl.SYNC_STATUS) == gl.SIGNALED) {
      const { snapshot, past, buffer } = this._saving;
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, snapshot.texels);
      this._stopSaving();
      this._saved = snapshot;
      this._past.splice(0, past);
    }
  }

  #startSaving() {
    const { gl } = this;
    const texels = new Int32Array(2 * this._fields[0].units.length * this._texels); // state and kept state
    const buffer = gl.createBuffer();
    this._packing();
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, texels.byteLength, gl.STREAM_READ);
    this._everyTexture((field, k, at) => this._readTexels(field, k, 4 * at));
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    const fence = /** @type {WebGLSync} */ (gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0));
    const [state, , kept] = this._fields;
    const snapshot = { step: this.stepCount, phases: [state.phase, kept.phase], texels };
    return { fence, buffer, past: this._past.length, snapshot };
  }

  /** Not private: the constructor that is extended begins a run, before private members are there. @protected */
  _stopSaving() {
    const { gl } = this;
    if (!this._saving) return;
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    gl.deleteBuffer(this._saving.buffer);
    gl.deleteSync(this._saving.fence);
    this._saving = null;
  }

  /** Calls with each texture of state and kept state, and its place in a snapshot. @protected @param {(field: number, k: number, at: number) => void} call */
  _everyTexture(call) {
    let at = 0;
    for (const field of [0, 2])
      this._fields[field].units.forEach((_, k) => {
        call(field, k, at);
        at += this._texels;
      });
  }

  /** In a shared context, how other code may give pixels; touched only here, since p5.js sets it once and for all. */
  #unpacking() {
    const { gl } = this;
    if (!this.shared) return;
    gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, null);
    for (const each of [gl.UNPACK_ROW_LENGTH, gl.UNPACK_SKIP_ROWS, gl.UNPACK_SKIP_PIXELS]) gl.pixelStorei(each, 0);
    for (const each of [gl.UNPACK_FLIP_Y_WEBGL, gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL]) gl.pixelStorei(each, false);
  }

  /** @param {Snapshot} saved @protected */
  _load(saved) {
    const { gl } = this;
    const [state, , kept] = this._fields;
    [state.phase, kept.phase] = saved.phases;
    this.#unpacking();
    this._everyTexture((field, k, at) => {
      gl.activeTexture(gl.TEXTURE0 + this._fields[field].units[k]);
      const texels = saved.texels.subarray(at, at + this._texels);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, this._columns, this.height, gl.RGBA_INTEGER, gl.INT, texels);
    });
    this.stepCount = saved.step;
    this._stopSaving();
    this._saved = saved;
    this._past = [];
  }
}
