/**
 * A texture whose run can be done again: each stroke is kept with its step, so that strokes can be taken back and a
 * session told to others.
 *
 * @import { Disc } from "./automaton.js"
 * @import { Snapshot } from "./lasting.js"
 * @typedef {[step: number, kind: string, ...numbers: number[]]} Happened before the step of this number: a brush and its
 *   disc, or "keep"
 * @typedef {{ width: number, height: number, seed: number, steps: number, events: Happened[] }} Session
 */

import { mix, modulo } from "./automaton.js";
import { toBundle } from "./bundle.js";
import { Texture } from "./nca.js";

const NOISE = 3; // a field of noise that never changes
const AT_ONCE = 64; // steps between frames while a run is done again
const MEMORY = 64e6; // bytes of snapshots

/** What each brush draws: to a field, from another one, its cells or zeros. @type {Record<string, [number, number, number]>} */
const BRUSHES = { erase: [0, 2, 0], restore: [0, 2, 1], keep: [2, 0, 1], noise: [0, NOISE, 1] };

export class Replayable extends Texture {
  /** @type {Happened[]} */
  _events = [];
  /** How many events there were when each stroke began. @type {number[]} */
  _strokes = [];
  /** @type {{ events: number, state: Snapshot }[]} */
  _snapshots = [];
  /** Whether it does something again just now; strokes then have to wait. */
  replaying = false;

  /**
   * Draws a disc, for "erase", "restore" and "noise" without more.
   * @param {string} kind @param {number} x @param {number} y @param {number} r @param {number[]} more
   */
  brush(kind, x, y, r, ...more) {
    const { width, height } = this;
    if (!this.replaying) this._happen(kind, modulo(x, width), modulo(y, height), Math.min(r, width + height), ...more);
  }

  /** Remembers the state. */
  keep() {
    if (!this.replaying) this._happen("keep");
  }

  /** Begins a stroke, which undo takes back. */
  stroke() {
    this._strokes.push(this._events.length);
    const last = this._snapshots.at(-1);
    if (last?.state.step == this.stepCount) return; // discs alone are soon drawn again
    this._snapshots.push({ events: this._events.length, state: this.#snapshot() });
    const bytes = this._snapshots[0].state.texels.byteLength;
    while (this._snapshots.length * bytes > MEMORY) this._snapshots.shift();
  }

  /** Takes the last stroke back: goes on from before it, without it, to the step at hand. @returns whether there was one */
  async undo() {
    const start = this._strokes.pop();
    if (start === undefined || this.replaying) return false;
    const events = this._events.slice(0, start);
    this._snapshots = this._snapshots.filter((snapshot) => snapshot.events <= start);
    const last = this._snapshots.at(-1);
    await this.#redo(events, this.stepCount, last);
    return true;
  }

  /** All that another page, or torch, needs to do the run again. */
  session() {
    const { width, height, seed, stepCount, bundle, _events } = this;
    const bundles = [toBundle(/** @type {any} */ (bundle))];
    return { format: "nca-session-1", bundles, width, height, seed, steps: stepCount, events: [..._events] };
  }

  /** Does a session's run, on its grid, from its seed. @param {Session} session */
  async replay({ seed, events, steps }) {
    this.reset(seed); // which forgets the strokes before
    await this.#redo(events, steps);
  }

  /** From the beginning or a snapshot. @param {Happened[]} events @param {number} steps @param {{ events: number, state: Snapshot }} [from] */
  async #redo(events, steps, from) {
    const { playing, _strokes, _snapshots } = this;
    this.pause();
    this.replaying = true;
    if (from) this._events = events.slice(0, from.events);
    from ? this._load(from.state) : this.reset();
    for (const [step, kind, ...numbers] of events.slice(this._events.length)) {
      await this.#reach(step);
      this._happen(kind, ...numbers);
    }
    await this.#reach(steps);
    Object.assign(this, { _strokes, _snapshots, replaying: false });
    if (playing) this.play();
  }

  /** @param {number} step */
  async #reach(step) {
    while (this.stepCount < step) {
      this.step(Math.min(AT_ONCE, step - this.stepCount));
      if (this.stepCount < step) await new Promise(requestAnimationFrame); // no longer a queue than a browser bears
    }
  }

  /** Whatever changes the run beside its steps. @param {string} kind @param {number[]} numbers @protected */
  _happen(kind, ...numbers) {
    this._events.push([this.stepCount, kind, ...numbers]);
    const [x, y, r] = kind == "keep" ? [0, 0, Infinity] : numbers;
    this._stamp(...BRUSHES[kind], x, y, r);
  }

  /** @param {Disc} disc @protected */
  _stamp(...disc) {
    if (disc[1] == NOISE) this.#noise(); // anew, where a lost context took it
    super._stamp(...disc);
  }

  /** Fills a field, when it is first wanted, with an integer hash of cell and channel, in [-1024, 1023]. */
  #noise() {
    if (this._fields[NOISE]) return;
    const { gl, width, height } = this;
    const columns = this._columns;
    const { units, phase } = (this._fields[NOISE] = this._field());
    const texels = new Int32Array(this._texels);
    units.forEach((unit, k) => {
      texels.forEach((_, at) => {
        const [channel, column, y] = [4 * k + (at & 3), (at >> 2) % columns, Math.floor(at / 4 / columns)];
        const [left, right] = [0, 1].map((i) => noise(channel, y, (2 * column + i + phase) % width));
        texels[at] = (left & 65535) | (right << 16);
      });
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, columns, height, gl.RGBA_INTEGER, gl.INT, texels);
    });
  }

  /** A copy of state and kept state, waited for. @returns {Snapshot} */
  #snapshot() {
    const [state, , kept] = this._fields;
    const texels = new Int32Array(2 * state.units.length * this._texels);
    this._packing();
    this._everyTexture((field, k, at) => this._readTexels(field, k, texels.subarray(at, at + this._texels)));
    return { step: this.stepCount, phases: [state.phase, kept.phase], texels };
  }

  /** Events outlive a lost context. @protected */
  _recover() {
    const { _events, _strokes, _snapshots } = this;
    super._recover();
    Object.assign(this, { _events, _strokes, _snapshots });
  }

  /** @param {number} seed @protected */
  _begin(seed) {
    super._begin(seed);
    this._events = [];
    this._strokes = [];
    this._snapshots = [];
  }
}

/** @param {number} channel @param {number} y @param {number} x */
const noise = (channel, y, x) => (mix(mix(mix(x) + y) + channel) >>> 21) - 1024;
