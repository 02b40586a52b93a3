/**
 * Runs an nca-fixed-1 automaton in WebGL2, in integers: after any number of steps the state equals
 * torch's, bit for bit. What has an underscore is for classes that extend this one.
 *
 * A field is one state: a texture unit for four channels, a texel for the two cells of a pair
 * (shaders/_pair.glsl.j2). Its phase is the first pair's first column, 0 or 1.
 *
 * @typedef {{ format: string, channels: number, shaders: Record<string, string> }} Bundle
 * @typedef {{ width?: number, height?: number, seed?: number }} Options size of the grid in cells; seed of the run
 * @typedef {{ framebuffer: WebGLFramebuffer, units: number[], phase: number }} Field
 * @typedef {{ texture: WebGLTexture, framebuffer: WebGLFramebuffer }} Picture
 * @typedef {[to: number, from: number, keep: number, x: number, y: number, r: number]} Disc drawn to a field, from another
 *
 * @import { Pace } from "./pace.js"
 * @import { Pass } from "./passes.js"
 */

import { compiled, linked, passes, PASSES } from "./passes.js";

const FORMAT = "nca-fixed-1";

/** The browser or the device offers no WebGL2. */
export class NoWebGL2 extends Error {}

/** A rule at work on a grid, paused at step 0, on a canvas of its own or in the context of other code. */
export class Automaton {
  /** Steps a frame while playing; 1/16 is a step every 16 frames, Infinity as many as the device can. */
  speed = 1;
  /** Side of a cell in device pixels; a canvas larger than the grid shows it repeated. */
  scale = 1;
  width = 0;
  height = 0;
  stepCount = 0;
  #due = 0;
  #compiled = false;
  /** @type {Record<string, Pass>} */
  #passes = {};
  /** State, next state, kept state. @type {Field[]} */
  _fields = [];
  /** The texture in each unit. @type {WebGLTexture[]} */
  _textures = [];
  #listening = new AbortController();

  /** @param {HTMLCanvasElement | OffscreenCanvas | WebGL2RenderingContext} target @param {Bundle} bundle @param {Options} [options] */
  constructor(target, bundle, { width = 256, height = 256, seed = 0 } = {}) {
    if (bundle?.format != FORMAT || !PASSES.every((pass) => bundle.shaders?.[pass]))
      throw new Error(`bundle of format ${bundle?.format}: expected ${FORMAT} with shaders ${PASSES}`);
    this.shared = !("getContext" in target);
    const gl = "getContext" in target ? context(target) : target;
    this.canvas = gl.canvas;
    this.bundle = bundle;
    this.gl = gl;
    this.seed = seed;
    this.#passes = passes(gl, bundle);
    this.resize(width, height);
    const { signal } = this.#listening;
    // Unless the loss is handled, the browser does not restore the context.
    this.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault(), { signal });
    this.canvas.addEventListener("webglcontextrestored", () => this._recover(), { signal });
  }

  /** Whether the shaders are compiled; until then the first step would wait for them, and advance does not. */
  get compiled() {
    return (this.#compiled ||= compiled(this.gl, this.#passes));
  }

  /** Takes the steps that are due in a frame at this speed, and says how many: for a loop of your own. @param {Pace} pace */
  advance(pace) {
    this.#due = pace.fit(this.#due, this.speed);
    if (!this.compiled || pace.busy) return 0;
    const steps = Math.floor(this.#due);
    this.#due -= steps;
    if (steps) this.step(steps);
    return steps;
  }

  /** Takes n steps, without drawing. */
  step(n = 1) {
    const { gl, width, height } = this;
    const fields = this._fields;
    const at = this.#use("step", fields[1]);
    for (; n > 0; n--) {
      const [state, next] = fields;
      next.phase = this.stepCount & 1;
      gl.bindFramebuffer(gl.FRAMEBUFFER, next.framebuffer);
      gl.uniform1iv(at.state, state.units);
      gl.uniform3i(at.grid, width, height, next.phase);
      gl.uniform1ui(at.key, stepKey(this.seed, this.stepCount++));
      gl.drawArrays(gl.TRIANGLES, 0, 3);
      [fields[0], fields[1]] = [next, state];
    }
  }

  /** Back to step 0, all zeros, nothing kept. */
  reset(seed = this.seed) {
    this._begin(seed);
    this.#disc(0, 2, 0, 0, 0, Infinity); // llvmpipe, for one, loses some of clearBufferiv's zeros
    this.#disc(2, 0, 0, 0, 0, Infinity);
  }

  /** A new grid, reset. @param {number} width @param {number} height */
  resize(width, height) {
    const { gl } = this;
    const most = gl.getParameter(gl.MAX_TEXTURE_SIZE) ?? Infinity; // null where the context is lost
    if (![width, height].every((size) => Number.isInteger(size) && size > 0 && size <= most))
      throw new RangeError(`grid of ${width}x${height} cells: expected 1 to ${most}`);
    this.width = width;
    this.height = height;
    this._release();
    this._fields = [0, 1, 2].map(() => this._field());
    this._begin(this.seed);
  }

  /** Zeroes the cells within r of column x, row y on the torus. @param {number} x @param {number} y @param {number} r */
  erase(x, y, r) {
    this._stamp(0, 2, 0, x, y, r);
  }

  /** Puts back the cells that keep remembered. @param {number} x @param {number} y @param {number} r */
  restore(x, y, r) {
    this._stamp(0, 2, 1, x, y, r);
  }

  /** Remembers the state. */
  keep() {
    this._stamp(2, 0, 1, 0, 0, Infinity);
  }

  /** Shows the state in the canvas's upper left corner, at its own resolution, or all over it. */
  draw(width = this.gl.drawingBufferWidth, height = this.gl.drawingBufferHeight) {
    const { gl } = this;
    const bottom = gl.drawingBufferHeight - height;
    this._show(null, [0, bottom, width, height], gl.drawingBufferHeight, this.scale);
  }

  /** The state, (channels, height, width) in [-2047, 2047], top row first. */
  read() {
    const { width, height } = this;
    const state = new Int16Array(this.bundle.channels * height * width);
    const texels = new Int32Array(this._texels);
    const [{ units, phase }] = this._fields;
    let at = 0;
    this._packing();
    units.forEach((_, k) => {
      this._readTexels(0, k, texels);
      for (let lane = 0; lane < 4; lane++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const place = modulo(x - phase, width);
            const texel = texels[4 * (y * this._columns + (place >> 1)) + lane];
            state[at++] = place & 1 ? texel >> 16 : (texel << 16) >> 16;
          }
    });
    return state;
  }

  /** The grid drawn at scale device pixels a cell, as RGBA bytes for ImageData, top row first. */
  pixels(scale = 1) {
    const { gl } = this;
    const [width, height] = [this.width * scale, this.height * scale];
    const picture = this._newPicture(width, height);
    this._show(picture.framebuffer, [0, 0, width, height], height, scale);
    const bytes = new Uint8ClampedArray(4 * width * height);
    this._packing();
    for (let y = 0; y < height; y++) // WebGL's first row is the bottom one
      gl.readPixels(0, height - 1 - y, width, 1, gl.RGBA, gl.UNSIGNED_BYTE, bytes, 4 * width * y);
    this._deletePicture(picture);
    return bytes;
  }

  /** Stops for good and gives back what it holds: its context, or its part of one that is shared. */
  destroy() {
    this.#listening.abort();
    this._release();
    if (!this.shared) this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  /** Texels a row of a field. */
  get _columns() {
    return (this.width + 1) >> 1;
  }

  /** Numbers in one of its textures. */
  get _texels() {
    return 4 * this._columns * this.height;
  }

  /** All zeros, as WebGL promises. @returns {Field} @protected */
  _field() {
    const { gl } = this;
    const framebuffer = gl.createFramebuffer();
    const units = [];
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    for (let k = 0; k < this.bundle.channels / 4; k++) {
      const texture = gl.createTexture();
      units[k] = this._textures.push(texture) - 1;
      gl.activeTexture(gl.TEXTURE0 + units[k]); // each has its own, so that a step binds nothing
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA32I, this._columns, this.height);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + k, gl.TEXTURE_2D, texture, 0);
    }
    gl.drawBuffers(units.map((_, k) => gl.COLOR_ATTACHMENT0 + k));
    if (gl.checkFramebufferStatus(gl.FRAMEBUFFER) != gl.FRAMEBUFFER_COMPLETE && !gl.isContextLost())
      throw new RangeError(`this device cannot draw to ${units.length} integer textures`);
    return { framebuffer, units, phase: 1 };
  }

  /** A texture that is shown, and its framebuffer. @param {number} width @param {number} height @protected */
  _newPicture(width, height) {
    const { gl } = this;
    const [texture, framebuffer] = [gl.createTexture(), gl.createFramebuffer()];
    gl.activeTexture(gl.TEXTURE0 + this._textures.length);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    return { texture, framebuffer };
  }

  /** @param {Picture} picture @protected */
  _deletePicture({ texture, framebuffer }) {
    this.gl.deleteTexture(texture);
    this.gl.deleteFramebuffer(framebuffer);
  }

  /** @protected */
  _release() {
    const { gl } = this;
    for (const texture of this._textures) gl.deleteTexture(texture);
    for (const { framebuffer } of this._fields) gl.deleteFramebuffer(framebuffer);
    this._textures = this._fields = [];
  }

  /** Readies a pass over a whole field, or for the caller's own target. @param {string} pass @param {Field} [field] */
  #use(pass, field) {
    const { gl } = this;
    if (this.shared) this.#bind();
    else gl.disable(gl.DITHER);
    const { program, at } = linked(gl, this.#passes[pass]);
    gl.useProgram(program);
    if (field) {
      gl.bindFramebuffer(gl.FRAMEBUFFER, field.framebuffer);
      gl.viewport(0, 0, this._columns, this.height);
    }
    return at;
  }

  /** In a shared context, what other code may have set. */
  #bind() {
    const { gl } = this;
    for (const each of [
      gl.BLEND,
      gl.CULL_FACE,
      gl.DEPTH_TEST,
      gl.DITHER,
      gl.RASTERIZER_DISCARD,
      gl.SAMPLE_COVERAGE,
      gl.SCISSOR_TEST,
      gl.STENCIL_TEST,
    ])
      gl.disable(each);
    gl.colorMask(true, true, true, true);
    gl.bindVertexArray(null);
    this._textures.forEach((texture, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.bindSampler(unit, null);
    });
  }

  /** @param {WebGLFramebuffer | null} target @param {number[]} box @param {number} top @param {number} scale */
  _show(target, [x, y, width, height], top, scale) {
    const { gl } = this;
    const [state] = this._fields;
    const at = this.#use("display");
    gl.bindFramebuffer(gl.FRAMEBUFFER, target);
    gl.viewport(x, y, width, height);
    gl.uniform1i(at.state, state.units[0]);
    gl.uniform3i(at.grid, this.width, this.height, state.phase);
    gl.uniform2i(at.view, top, scale);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** A stroke's disc. @param {Disc} disc @protected */
  _stamp(...disc) {
    this.#disc(...disc);
  }

  /** Draws a disc over a field: zeros, or the cells of another. @param {Disc} disc */
  #disc(...[to, from, keep, x, y, r]) {
    const { gl, width, height } = this;
    const fields = this._fields;
    const [next, state, kept] = [fields[1], fields[to], fields[from]];
    const at = this.#use("brush", next);
    next.phase = state.phase;
    gl.uniform1iv(at.state, state.units);
    gl.uniform1iv(at.kept, kept.units);
    gl.uniform3i(at.grid, width, height, state.phase);
    gl.uniform2i(at.keep, keep, kept.phase);
    // No distance on the torus exceeds width + height, whose square still fits an int.
    gl.uniform3i(at.disc, modulo(x, width), modulo(y, height), Math.min(r, width + height));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    [fields[to], fields[1]] = [next, state];
  }

  /** In a shared context, how other code may read pixels. */
  _packing() {
    const { gl } = this;
    if (!this.shared) return;
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    for (const each of [gl.PACK_ROW_LENGTH, gl.PACK_SKIP_ROWS, gl.PACK_SKIP_PIXELS]) gl.pixelStorei(each, 0);
  }

  /** @param {number} field @param {number} k @param {Int32Array | number} target an array, or an offset in a bound buffer */
  _readTexels(field, k, target) {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this._fields[field].framebuffer);
    gl.readBuffer(gl.COLOR_ATTACHMENT0 + k);
    gl.readPixels(0, 0, this._columns, this.height, gl.RGBA_INTEGER, gl.INT, /** @type {Int32Array} */ (target));
  }

  /** Step 0 of a run. @param {number} seed @protected */
  _begin(seed) {
    this.seed = seed;
    this.stepCount = this.#due = 0;
    this._fields.forEach((field) => (field.phase = 1)); // as before an even step
  }

  /** After the context was lost, and what it held with it: begins anew. @protected */
  _recover() {
    this._textures = this._fields = [];
    this.#passes = passes(this.gl, this.bundle);
    this.#compiled = false;
    this.resize(this.width, this.height);
    if (!this.shared) this.draw();
  }
}

/** The context of a canvas, as textures want it. @param {HTMLCanvasElement | OffscreenCanvas} canvas */
export function context(canvas) {
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
  if (!gl) throw new NoWebGL2("WebGL2 is not available");
  return /** @type {WebGL2RenderingContext} */ (gl);
}

/** @param {number} a @param {number} n */
export const modulo = (a, n) => ((a % n) + n) % n;

/** What all cells share in a step; step_key of nca/mask.py. @param {number} seed @param {number} step */
export const stepKey = (seed, step) => mix(mix(seed + 0x9e3779b9) + step);

/** lowbias32 (Chris Wellons, 2018): a uint32 from any whole number. @param {number} x */
export function mix(x) {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
