/** A copy of a state and its kept state. The page does not wait while the device copies. It can load the copy later. */

/** @import { Automaton } from "./automaton.js" */

export class Snapshot {
  /** Starts the copy. @param {Automaton} automaton @param {number} events the number of events before the snapshot */
  constructor(automaton, events) {
    const { gl, fields, columns, height, stepCount } = automaton;
    this.gl = gl;
    this.events = events;
    this.step = stepCount;
    this.phases = [fields[0].phase, fields[2].phase];
    this.texels = new Int32Array(2 * fields[0].units.length * 4 * columns * height);
    this.buffer = gl.createBuffer();
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.buffer);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, this.texels.byteLength, gl.STREAM_READ);
    everyTexture(automaton, (field, k, at) => automaton.readTexels(field, k, 4 * at));
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    /** Signaled when the copy is complete. */
    this.fence = /** @type {WebGLSync} */ (gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0));
  }

  /** Reads the copy from the device if it is complete. @returns whether it is */
  arrives() {
    const { gl } = this;
    const arrived = gl.getSyncParameter(this.fence, gl.SYNC_STATUS) == gl.SIGNALED;
    if (arrived) {
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, this.buffer);
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, this.texels);
      this.free();
    }
    return arrived;
  }

  /** Frees its buffer and its fence. */
  free() {
    this.gl.deleteBuffer(this.buffer);
    this.gl.deleteSync(this.fence);
  }

  /** Sets an automaton back to this snapshot. @param {Automaton} automaton */
  load(automaton) {
    const { gl, fields, columns, height } = automaton;
    everyTexture(automaton, (field, k, at, end) => {
      gl.activeTexture(gl.TEXTURE0 + fields[field].units[k]);
      const texels = this.texels.subarray(at, end);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, columns, height, gl.RGBA_INTEGER, gl.INT, texels);
    });
    [fields[0].phase, fields[2].phase] = this.phases;
    automaton.stepCount = this.step;
  }
}

/**
 * Calls a function for each texture of the state and the kept state, with the texture's place in a snapshot.
 * @param {Automaton} automaton @param {(field: number, k: number, at: number, end: number) => void} call
 */
function everyTexture({ fields, columns, height }, call) {
  let at = 0;
  for (const field of [0, 2]) fields[field].units.forEach((_, k) => call(field, k, at, (at += 4 * columns * height)));
}
