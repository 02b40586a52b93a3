/**
 * A field that several rules share. Each cell has an owner and a slowness. The owner is the rule that updates the cell.
 * All cells can also turn what they perceive by an angle. This module keeps the map of owners and copies it to the
 * device, so the map survives a lost context.
 *
 * @import { Automaton, Bundle, Draw } from "../runtime/automaton.js"
 * @import { Happened } from "../runtime/history.js"
 * @import { Pass } from "../runtime/passes.js"
 * @typedef {Pass & { own: Record<string, WebGLUniformLocation | null> }} Painted a pass of a rule in a field with owners
 */

import { mix, modulo } from "../runtime/automaton.js";
import { compile, linked } from "../runtime/passes.js";

/** The number of units in a whole turn. */
export const TURNS = 256;
const UNIT = 1024; // sine and cosine are multiples of 1/1024
const DITHER = 5; // cells: the width of a disc's rough border
const MOST_RULES = 16;
const UNSHARED = "this texture cannot share a field: it updates too often";
/** The map holds two numbers per cell: these are their places. @type {Record<string, number>} */
const LANES = { own: 0, slow: 1 };

/**
 * Compiles a pass of a rule for a field with owners.
 * @param {WebGL2RenderingContext} gl @param {string} vertex @param {string} fragment @returns {Painted}
 */
export function painted(gl, vertex, fragment) {
  const source = fragment.replace("\n", "\n#define PAINTED\n"); // after the #version line
  const pass = linked(gl, compile(gl, vertex, source));
  const own = ["owners", "rule", "turn", "show"].map((name) => [name, gl.getUniformLocation(pass.program, name)]);
  return { ...pass, own: Object.fromEntries(own) };
}

/** Whether a rule can share a field: it must update at most one cell of a pair in a step. @param {Bundle} bundle */
export const paintable = (bundle) => /** @type {any} */ (bundle).update <= 128;

export class Painter {
  /** The angle by which all cells turn what they perceive, in units of 1/256 of a turn. */
  turn = 0;
  /** The owner and slowness of each cell, or null if nothing is painted. @type {Uint8Array | null} */
  #map = null;
  /** The texture of the map, and whether the map has changed since the last upload. @type {WebGLTexture | null} */
  #owners = null;
  #changed = true;
  /** The passes by owner. Each is compiled at its first use. @type {Painted[]} */
  #passes = [];

  /** @param {Automaton} automaton */
  constructor(automaton) {
    this.automaton = automaton;
    /** The rules, by owner. */
    this.bundles = [automaton.bundle];
    automaton.painter = this;
  }

  /** Whether the field has owners, and one of them a decoder. Then each owner's cells have a display of their own. */
  get decodes() {
    return this.#map != null && this.bundles.some(({ decoder }) => decoder);
  }

  /** Adds a rule to the field. @param {Bundle} bundle @returns its owner number, for the "own" brush */
  add(bundle) {
    const { channels } = this.automaton.bundle;
    if (bundle.channels != channels)
      throw new RangeError(`a rule of ${bundle.channels} channels: expected ${channels}, as the field has`);
    if (!paintable(bundle)) throw new RangeError(UNSHARED);
    const known = this.bundles.indexOf(bundle);
    if (known >= 0) return known;
    if (this.bundles.length == MOST_RULES) throw new RangeError(`a field has at most ${MOST_RULES} rules`);
    return this.bundles.push(bundle) - 1;
  }

  /** Replaces all rules but the first by these. @param {Bundle[]} bundles */
  share(bundles) {
    this.bundles.length = 1;
    this.#passes.length = Math.min(this.#passes.length, 1);
    for (const bundle of bundles) this.add(bundle);
  }

  /**
   * Paints a disc with a rough border. @param {string} kind "own" or "slow"
   * @param {number[]} disc column, row and radius, then the owner or the slowness
   */
  paint(kind, ...disc) {
    if (!paintable(this.automaton.bundle)) throw new RangeError(UNSHARED);
    this.#mark(LANES[kind], disc);
  }

  /** Rebuilds the map and the angle from events. It ignores events of other kinds. @param {Happened[]} events */
  follow(events) {
    this.#map = null;
    this.#changed = true;
    this.turn = 0;
    for (const [, kind, ...numbers] of events)
      if (kind == "turn") this.turn = numbers[0];
      else if (kind in LANES) this.#mark(LANES[kind], numbers);
  }

  /** Forgets the passes after the context was lost: their programs are lost, too. */
  renew() {
    this.#passes = [];
  }

  /** Returns the function that draws steps, or null if nothing is painted or turned. @returns {Draw | null} */
  draws() {
    if (!this.#map && !this.turn) return null;
    const { gl, width, height } = this.automaton;
    const [cosine, sine] = [Math.cos, Math.sin].map((of) => Math.round(UNIT * of((2 * Math.PI * this.turn) / TURNS)));
    const owners = this.bindOwners();
    return (state, next, key) =>
      this.bundles.forEach((bundle, rule) => {
        const { program, at, own } = (this.#passes[rule] ??= painted(gl, bundle.shaders.vertex, bundle.shaders.step));
        gl.useProgram(program);
        gl.uniform1iv(at.state, state.units);
        gl.uniform3i(at.grid, width, height, next.phase);
        gl.uniform1ui(at.key, key);
        gl.uniform1i(own.owners, owners);
        gl.uniform1ui(own.rule, rule);
        gl.uniform2f(own.turn, cosine, sine);
        gl.drawArrays(gl.TRIANGLES, 0, 3);
      });
  }

  /** Uploads the map if it has changed. The texture lasts as long as the grid. @returns its texture unit */
  bindOwners() {
    const { gl, textures, width, height } = this.automaton;
    if (!this.#owners || !textures.includes(this.#owners)) {
      textures.push((this.#owners = gl.createTexture()));
      this.#changed = true;
    }
    const unit = textures.indexOf(this.#owners);
    if (!this.#changed) return unit;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, this.#owners);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1); // a row has 2 bytes per cell
    const map = this.#map ?? new Uint8Array(2 * width * height);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG8UI, width, height, 0, gl.RG_INTEGER, gl.UNSIGNED_BYTE, map);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    this.#changed = false;
    return unit;
  }

  /** Writes a disc to the map. @param {number} lane @param {number[]} disc */
  #mark(lane, [x, y, r, value]) {
    const { width, height } = this.automaton;
    const map = (this.#map ??= new Uint8Array(2 * width * height));
    const [across, down] = [reach(x, r, width), reach(y, r, height)];
    for (const row of down)
      for (const column of across) {
        const [dx, dy] = [apart(column, x, width), apart(row, y, height)];
        const inside = Math.max(r - (((mix(mix(column) + row) >>> 24) * DITHER) >> 8), 0);
        if (dx * dx + dy * dy <= inside * inside) map[2 * (row * width + column) + lane] = value;
      }
    this.#changed = true;
  }
}

/**
 * Returns every row (or column) within r of one, on the torus. Each is in the list once.
 * @param {number} at @param {number} r @param {number} size
 */
function reach(at, r, size) {
  const count = Math.min(2 * r + 1, size);
  return Array.from({ length: count }, (_, i) => modulo(at - r + i, size));
}

/** The distance of two rows (or columns) on the torus. @param {number} a @param {number} b @param {number} size */
function apart(a, b, size) {
  const way = Math.abs(a - b);
  return Math.min(way, size - way);
}
