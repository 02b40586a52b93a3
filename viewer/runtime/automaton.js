/**
 * Runs an automaton of nca-fixed-1 or nca-fixed-2 in WebGL2, in integers. After any number of steps the state equals
 * torch's, bit for bit. This module is only the device side. It keeps no history.
 *
 * A field stores one state. Four channels share a texture unit, and the two cells of a pair share a texel
 * (shaders/_pair.glsl.j2). The phase of a field is the first column of its first pair, 0 or 1.
 *
 * @import { Show } from "./display.js"
 * @import { Pace } from "./pace.js"
 * @import { Pass } from "./passes.js"
 *
 * @typedef {{ format: string, channels: number, shaders: Record<string, string>, decoder?: { detail: number } }} Bundle
 * @typedef {{ width?: number, height?: number, seed?: number, fps?: number }} Options size of the grid in cells; seed of
 *   the run; most frames a second while playing
 * @typedef {{ framebuffer: WebGLFramebuffer, units: number[], phase: number }} Field
 * @typedef {(state: Field, next: Field, key: number) => void} Draw draws the next state
 * @typedef {{ draws(): Draw | null }} Painter its draws returns a function that draws steps in
 *   place of the rule, or null
 * @typedef {{ add(method: string, ...numbers: number[]): void, save(): void, clear(): void, recover(): void }} Witness
 *   records a run. The automaton calls add for each call between steps, save after steps, and clear when the run ends.
 *   After a lost context, recover rebuilds the run
 */

import { attach } from "./attach.js";
import { deletePicture, newPicture, show } from "./display.js";
import { compiled, linked, passes } from "./passes.js";

/** The error for a browser or a device without WebGL2. */
export class NoWebGL2 extends Error {}

/** A rule that runs on a grid, in the context of its own canvas or of other code. It starts paused, at step 0. */
export class Automaton {
  /** Steps per frame while playing. 1/16 means a step every 16 frames. Infinity means as many as the device can do. */
  speed = 1;
  /** The side of a cell, in device pixels. A canvas that is larger than the grid repeats the grid. */
  scale = 1;
  stepCount = 0;
  /** Texels per row of a field. */
  columns = 0;
  /** The state, the next state and the kept state. Brushes may add fields. @type {Field[]} */
  fields = [];
  /** The texture in each unit. @type {WebGLTexture[]} */
  textures = [];
  /** Draws a state. @type {Show} */
  show = show;
  /** @type {Painter | undefined} */
  painter;
  /** @type {Witness | undefined} */
  witness;
  #due = 0;
  #compiled = false;
  /** @type {Record<string, Pass>} */
  #passes = {};

  /** @param {WebGL2RenderingContext} gl @param {Bundle} bundle @param {Options} [options] */
  constructor(gl, bundle, { width = 256, height = 256, seed = 0 } = {}) {
    this.gl = gl;
    this.canvas = gl.canvas;
    this.bundle = bundle;
    this.seed = seed;
    this.width = width;
    this.height = height;
    this.renew();
  }

  /** Whether the shaders are compiled. Until then step waits for them, and advance takes no step. */
  get compiled() {
    return (this.#compiled ||= compiled(this.gl, this.#passes));
  }

  /**
   * Takes the steps that are due in a frame at this speed. Call it in your own loop.
   * @param {Pace} pace @returns the number of steps
   */
  advance(pace) {
    if (!this.compiled) return 0;
    this.#due = pace.fit(this.#due, this.speed);
    if (pace.busy) return 0;
    const steps = Math.floor(this.#due);
    this.#due -= steps;
    if (steps) this.step(steps);
    return steps;
  }

  /** Takes n steps and does not draw. */
  step(n = 1) {
    const { gl, width, height, fields } = this;
    const at = this.use("step", fields[1]);
    const draw = this.painter?.draws();
    for (; n > 0; n--) {
      const [state, next] = fields;
      const key = stepKey(this.seed, this.stepCount);
      next.phase = this.stepCount++ & 1;
      gl.bindFramebuffer(gl.FRAMEBUFFER, next.framebuffer);
      if (draw) draw(state, next, key);
      else {
        gl.uniform1iv(at.state, state.units);
        gl.uniform3i(at.grid, width, height, next.phase);
        gl.uniform1ui(at.key, key);
        gl.drawArrays(gl.TRIANGLES, 0, 3);
      }
      fields[0] = next;
      fields[1] = state;
    }
    this.witness?.save();
  }

  /** Goes back to step 0. The state and the kept state are all zeros. */
  reset(seed = this.seed) {
    this.restart(seed);
    this.witness?.clear();
  }

  /** Does what reset does, but does not tell the witness. A replay starts with it. */
  restart(seed = this.seed) {
    this.#begin(seed);
    this.disc(0, 2, 0); // not clearBufferiv: some drivers, llvmpipe for one, lose some of its zeros
    this.disc(2, 0, 0);
  }

  /** Makes a new grid, at step 0. @param {number} width @param {number} height */
  resize(width, height) {
    this.#make(width, height);
    this.witness?.clear();
  }

  /** Creates everything again, at step 0, after the context was restored. */
  renew() {
    this.textures = this.fields = []; // the lost context took them
    this.#passes = passes(this.gl, this.bundle);
    this.#compiled = false;
    this.#make(this.width, this.height);
  }

  /**
   * Sets the cells within r of column x, row y to zero, on the torus.
   * @param {number} x @param {number} y @param {number} r
   */
  erase(x, y, r) {
    this.disc(0, 2, 0, x, y, r);
    this.witness?.add("erase", x, y, r);
  }

  /** Copies cells back from the state that keep saved. @param {number} x @param {number} y @param {number} r */
  restore(x, y, r) {
    this.disc(0, 2, 1, x, y, r);
    this.witness?.add("restore", x, y, r);
  }

  /** Saves the state for restore. */
  keep() {
    this.disc(2, 0, 1);
    this.witness?.add("keep");
  }

  /** Draws the state in a box in the canvas's upper left corner, in device pixels. The default is the whole canvas. */
  draw(width = this.gl.drawingBufferWidth, height = this.gl.drawingBufferHeight) {
    const top = this.gl.drawingBufferHeight;
    this.show(this, null, [0, top - height, width, height], top, this.scale);
  }

  /** Returns the state, of shape (channels, height, width), in [-2047, 2047]. The top row is first. */
  read() {
    const { width, height } = this;
    const state = new Int16Array(this.bundle.channels * height * width);
    const texels = new Int32Array(4 * this.columns * height);
    const [{ units, phase }] = this.fields;
    let at = 0;
    units.forEach((_, k) => {
      this.readTexels(0, k, texels);
      for (let lane = 0; lane < 4; lane++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const place = modulo(x - phase, width);
            const texel = texels[4 * (y * this.columns + (place >> 1)) + lane];
            state[at++] = place & 1 ? texel >> 16 : (texel << 16) >> 16;
          }
    });
    return state;
  }

  /** Returns the grid as RGBA bytes for ImageData, with scale device pixels per cell. The top row is first. */
  pixels(scale = 1) {
    const { gl } = this;
    const [width, height] = [this.width * scale, this.height * scale];
    const picture = newPicture(this, width, height);
    this.show(this, picture.framebuffer, [0, 0, width, height], height, scale);
    const bytes = new Uint8ClampedArray(4 * width * height);
    for (let y = 0; y < height; y++)
      // WebGL counts rows from the bottom
      gl.readPixels(0, height - 1 - y, width, 1, gl.RGBA, gl.UNSIGNED_BYTE, bytes, 4 * width * y);
    deletePicture(gl, picture);
    return bytes;
  }

  /** Stops for good and deletes its textures and framebuffers. */
  destroy() {
    this.witness?.clear();
    this.#free();
  }

  /** Adds a field. WebGL guarantees that it is all zeros. */
  addField() {
    const { gl, textures, columns, height } = this;
    const framebuffer = gl.createFramebuffer();
    const units = [];
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    for (let k = 0; k < this.bundle.channels / 4; k++) {
      units[k] = textures.length; // each texture has its own unit, so a step binds nothing
      textures.push(attach(gl, units[k], k, gl.RGBA32I, gl.NEAREST, columns, height));
    }
    gl.drawBuffers(units.map((_, k) => gl.COLOR_ATTACHMENT0 + k));
    if (gl.checkFramebufferStatus(gl.FRAMEBUFFER) != gl.FRAMEBUFFER_COMPLETE && !gl.isContextLost())
      throw new RangeError(`this device cannot draw to ${units.length} integer textures`);
    this.fields.push({ framebuffer, units, phase: 1 });
  }

  /**
   * Prepares a pass over a whole field. Without a field, the caller binds its own target.
   * @param {string} pass @param {Field} [field]
   */
  use(pass, field) {
    const { gl } = this;
    gl.disable(gl.DITHER);
    const { program, at } = linked(gl, this.#passes[pass]);
    gl.useProgram(program);
    if (field) {
      gl.bindFramebuffer(gl.FRAMEBUFFER, field.framebuffer);
      gl.viewport(0, 0, this.columns, this.height);
    }
    return at;
  }

  /**
   * Draws a disc over a field. The disc contains zeros or the cells of another field.
   * @param {number} to the field @param {number} from the other field
   * @param {number} keep 1 for the cells of the other field, 0 for zeros
   * @param {number} x @param {number} y @param {number} r without these three, the disc covers the whole field
   */
  disc(to, from, keep, x = 0, y = 0, r = Infinity) {
    const { gl, width, height, fields } = this;
    const [next, state, kept] = [fields[1], fields[to], fields[from]];
    const at = this.use("brush", next);
    next.phase = state.phase;
    gl.uniform1iv(at.state, state.units);
    gl.uniform1iv(at.kept, kept.units);
    gl.uniform3i(at.grid, width, height, state.phase);
    gl.uniform2i(at.keep, keep, kept.phase);
    // No distance on the torus exceeds width + height. The square of that sum still fits in an int.
    gl.uniform3i(at.disc, modulo(x, width), modulo(y, height), Math.min(r, width + height));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    fields[to] = next;
    fields[1] = state;
  }

  /**
   * Reads the texels of a field's k-th texture.
   * @param {number} field @param {number} k
   * @param {Int32Array | number} target an array, or an offset in the bound buffer
   */
  readTexels(field, k, target) {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.fields[field].framebuffer);
    gl.readBuffer(gl.COLOR_ATTACHMENT0 + k);
    gl.readPixels(0, 0, this.columns, this.height, gl.RGBA_INTEGER, gl.INT, /** @type {Int32Array} */ (target));
  }

  /** Makes the fields. Frameworks pass numbers as texts, too. @param {number} width @param {number} height */
  #make(width, height) {
    const { gl } = this;
    const most = gl.getParameter(gl.MAX_TEXTURE_SIZE) ?? Infinity; // null where the context is lost
    if (![width, height].every((size) => size > 0 && size <= most && size % 1 == 0))
      throw new RangeError(`grid of ${width}x${height} cells: expected 1 to ${most}`);
    this.width = +width;
    this.height = +height;
    this.columns = (width + 1) >> 1;
    this.#free();
    for (let i = 0; i < 3; i++) this.addField();
    this.#begin(this.seed);
  }

  /** Starts a run at step 0. @param {number} seed */
  #begin(seed) {
    this.seed = +seed;
    this.stepCount = this.#due = 0;
    for (const field of this.fields) field.phase = 1; // the phase of a state before an even step
  }

  #free() {
    const { gl } = this;
    for (const texture of this.textures) gl.deleteTexture(texture);
    for (const field of this.fields) gl.deleteFramebuffer(field.framebuffer);
    this.textures = [];
    this.fields = [];
  }
}

/**
 * Returns the context of a canvas, with the options that textures need.
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 */
export function context(canvas) {
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
  if (!gl) throw new NoWebGL2("WebGL2 is not available");
  return /** @type {WebGL2RenderingContext} */ (gl);
}

/** The remainder in [0, n), also for a negative a. @param {number} a @param {number} n */
export const modulo = (a, n) => ((a % n) + n) % n;

/**
 * The random key that all cells share in a step. It equals step_key of nca/rule/mask.py.
 * @param {number} seed @param {number} step
 */
export const stepKey = (seed, step) => mix(mix(seed + 0x9e3779b9) + step);

/** The hash lowbias32 (Chris Wellons, 2018). It maps any integer to a uint32. @param {number} x */
export function mix(x) {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
