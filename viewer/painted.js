/**
 * A field that several rules share: each cell has an owner, whose rule updates it, and a slowness; what all cells see
 * can be turned. The map of owners is kept here and copied to the device, so it outlives a lost context.
 *
 * @import { Bundle, Disc, Options } from "./automaton.js"
 * @import { Snapshot } from "./lasting.js"
 * @import { Pass } from "./passes.js"
 * @import { Happened, Session } from "./session.js"
 */

import { mix, modulo, stepKey } from "./automaton.js";
import { toBundle } from "./bundle.js";
import { compile, linked } from "./passes.js";
import { Replayable } from "./session.js";

const UNIT = 1024; // of sine and cosine
const TURNS = 256; // a whole turn
const DITHER = 5; // cells over which the border of what is painted frays
const MOST_RULES = 16;
const UNSHARED = "this texture shares no field: it updates too often, or is to be exported again";
/** Of the two numbers of a cell. @type {Record<string, number>} */
const LANES = { own: 0, slow: 1 };

/** Whether a rule can share a field: in a step it updates at most one cell of a pair, and its shader knows of paint. @param {Bundle} bundle */
export const paintable = (bundle) => /** @type {any} */ (bundle).update <= 128 && bundle.shaders.step.includes("PAINTED");

export class Painted extends Replayable {
  /** The rules, by owner. */
  bundles = [this.bundle];
  /** Owner and slowness of each cell; null where nothing is painted. @type {Uint8Array | null} */
  _map = null;
  /** Its texture, none where the map has changed since. @type {WebGLTexture | null} */
  _owners = null;
  _turn = 0;
  /** Compiled when first wanted, by owner. @type {(Pass & { own: Record<string, WebGLUniformLocation | null> })[]} */
  _painters = [];
  /** What happened to the run that a lost context interrupts. @type {Happened[] | null} */
  _before = null;

  /** Lets another rule into the field: its owner's number, for the "own" brush. @param {Bundle} bundle */
  add(bundle) {
    const { channels } = this.bundle;
    if (bundle.channels != channels)
      throw new RangeError(`a rule of ${bundle.channels} channels: expected ${channels}, as the field has`);
    if (!paintable(bundle)) throw new RangeError(UNSHARED);
    const known = this.bundles.indexOf(bundle);
    if (known >= 0) return known;
    if (this.bundles.length == MOST_RULES) throw new RangeError(`${MOST_RULES} rules share the field: no more can`);
    return this.bundles.push(bundle) - 1;
  }

  /** How far all cells turn what they see, in 256ths of a whole turn. */
  get turn() {
    return this._turn;
  }

  set turn(turn) {
    if (!this.replaying && turn != this._turn) this._happen("turn", modulo(Math.round(turn), TURNS));
  }

  /** Takes n steps, without drawing. */
  step(n = 1) {
    if (!this._map && !this._turn) return super.step(n);
    super.step(0); // binds what it needs
    for (; n > 0; n--) this.#step();
    super.step(0); // saves now and then
  }

  /** All that another page, or torch, needs to do the run again. */
  session() {
    return { ...super.session(), bundles: this.bundles.map((bundle) => toBundle(/** @type {any} */ (bundle))) };
  }

  /** Does a session's run, on its grid, from its seed. @param {Session & { bundles: Bundle[] }} session */
  async replay(session) {
    this.bundles = [this.bundle];
    for (const bundle of session.bundles.slice(1)) this.add(bundle);
    return super.replay(session);
  }

  #step() {
    const { gl, width, height } = this;
    const fields = this._fields;
    const [state, next] = fields;
    const key = stepKey(this.seed, this.stepCount);
    const [cosine, sine] = [Math.cos, Math.sin].map((of) => Math.round(UNIT * of((2 * Math.PI * this._turn) / TURNS)));
    const owners = this.#bindOwners();
    next.phase = this.stepCount++ & 1;
    gl.bindFramebuffer(gl.FRAMEBUFFER, next.framebuffer);
    this.bundles.forEach((bundle, rule) => {
      const { program, at, own } = this.#painter(bundle, rule);
      gl.useProgram(program);
      gl.uniform1iv(at.state, state.units);
      gl.uniform3i(at.grid, width, height, next.phase);
      gl.uniform1ui(at.key, key);
      gl.uniform1i(own.owners, owners);
      gl.uniform1ui(own.rule, rule);
      gl.uniform2f(own.turn, cosine, sine);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    });
    [fields[0], fields[1]] = [next, state];
  }

  /** @param {Bundle} bundle @param {number} rule */
  #painter({ shaders }, rule) {
    const { gl } = this;
    if (!this._painters[rule]) {
      const painted = shaders.step.replace("\n", "\n#define PAINTED\n"); // after the version
      const pass = linked(gl, compile(gl, shaders.vertex, painted));
      const own = ["owners", "rule", "turn"].map((name) => [name, gl.getUniformLocation(pass.program, name)]);
      this._painters[rule] = { ...pass, own: Object.fromEntries(own) };
    }
    return this._painters[rule];
  }

  /** The map in a texture unit, which is behind those of the fields. */
  #bindOwners() {
    const { gl, width, height } = this;
    const unit = this._textures.length;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, this._owners);
    if (this._owners) return unit;
    this._owners = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this._owners);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1); // rows of 2 bytes a cell
    const map = this._map ?? new Uint8Array(2 * width * height);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG8UI, width, height, 0, gl.RG_INTEGER, gl.UNSIGNED_BYTE, map);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    return unit;
  }

  /** @param {string} kind @param {number[]} numbers @protected */
  _happen(kind, ...numbers) {
    const paints = kind in LANES;
    if (!paints && kind != "turn") return super._happen(kind, ...numbers.slice(0, 3));
    if (paints && !paintable(this.bundle)) throw new RangeError(UNSHARED);
    this._events.push([this.stepCount, kind, ...numbers]);
    this._stamp(.../** @type {any} */ ([kind, ...numbers]));
  }

  /** Of a lost context, too. @param {Disc | any[]} disc @protected */
  _stamp(...disc) {
    const [kind, ...numbers] = disc;
    if (typeof kind == "number") return super._stamp(.../** @type {Disc} */ (disc));
    this._past.push({ step: this.stepCount, disc: /** @type {any} */ (disc) });
    this.#mark(kind, numbers);
  }

  /** What happened to the map and the turn. @param {string} kind @param {number[]} numbers */
  #mark(kind, numbers) {
    if (kind == "turn") this._turn = numbers[0];
    else this.#paint(LANES[kind], numbers);
  }

  /** @param {number} lane @param {number[]} disc */
  #paint(lane, [x, y, r, value]) {
    const { width, height } = this;
    const map = (this._map ??= new Uint8Array(2 * width * height));
    const [across, down] = [reach(x, r, width), reach(y, r, height)];
    for (const row of down)
      for (const column of across) {
        const [dx, dy] = [apart(column, x, width), apart(row, y, height)];
        const inside = Math.max(r - (((mix(mix(column) + row) >>> 24) * DITHER) >> 8), 0);
        if (dx * dx + dy * dy <= inside * inside) map[2 * (row * width + column) + lane] = value;
      }
    this.#forgetOwners();
  }

  #forgetOwners() {
    this.gl.deleteTexture(this._owners);
    this._owners = null;
  }

  /** The map as it was at a snapshot: from all that happened to it before. @param {Snapshot} saved @protected */
  _load(saved) {
    super._load(saved);
    this.#clear();
    for (const [step, kind, ...numbers] of this._before ?? this._events)
      if (step <= saved.step && (kind == "turn" || kind in LANES)) this.#mark(kind, numbers);
  }

  #clear() {
    this._map = null;
    this._turn = 0;
    this.#forgetOwners();
  }

  /** @protected */
  _recover() {
    this._before = this._events;
    this._painters = [];
    this._owners = null; // gone with the context
    super._recover();
    this._before = null;
  }

  /** @param {number} seed @protected */
  _begin(seed) {
    super._begin(seed);
    if (this._painters) this.#clear(); // not while the class that is extended is made
  }

  /** @protected */
  _release() {
    super._release();
    if (this._painters) this.#forgetOwners();
  }
}

/** Every row or column within r of one, once, around the torus. @param {number} at @param {number} r @param {number} size */
function reach(at, r, size) {
  const count = Math.min(2 * r + 1, size);
  return Array.from({ length: count }, (_, i) => modulo(at - r + i, size));
}

/** The short way round. @param {number} a @param {number} b @param {number} size */
function apart(a, b, size) {
  const way = Math.abs(a - b);
  return Math.min(way, size - way);
}
