/**
 * Runs nca-fixed-1 textures in WebGL2, in integers: after any number of steps the state equals
 * torch's, bit for bit. A plain ES module; importing it touches no DOM.
 *
 * A field is one state: a texture unit for four channels, a texel for the two cells of a pair
 * (shaders/_pair.glsl.j2). Its phase is the first pair's first column, 0 or 1.
 *
 * @typedef {{ format: string, channels: number, shaders: Record<string, string> }} Bundle
 * @typedef {{ width?: number, height?: number, seed?: number }} Options size of the grid in cells; seed of the run
 * @typedef {{ framebuffer: WebGLFramebuffer, units: number[], phase: number }} Field
 * @typedef {{ program: WebGLProgram, users: number, linked: boolean, at: Record<string, WebGLUniformLocation | null> }} Pass
 * @typedef {{ texture: WebGLTexture, framebuffer: WebGLFramebuffer }} Picture
 * @typedef {[to: number, from: number, keep: number, x: number, y: number, r: number]} Disc drawn to a field, from another
 * @typedef {{ step: number, phases: number[], texels: Int32Array }} Snapshot state and kept state
 */

import { Pace } from "./pace.js";

const FORMAT = "nca-fixed-1";
const PASSES = ["step", "brush", "display"];
const UNIFORMS = ["state", "key", "grid", "kept", "keep", "disc", "view"];
const SAVE_EVERY = 512; // steps: what a restored context replays, at most, and a copy that costs nothing beside them

/** The browser or the device offers no WebGL2. */
export class NoWebGL2 extends Error {}

/**
 * A texture paused at step 0, on a canvas of its own or in the WebGL2 context of other code.
 * @param {HTMLCanvasElement | OffscreenCanvas | WebGL2RenderingContext} target @param {Bundle} bundle @param {Options} [options]
 */
export const create = (target, bundle, options) => new Texture(target, bundle, options);

export class Texture {
  /** Steps a frame while playing; 1/16 is a step every 16 frames, Infinity as many as the device can. */
  speed = 1;
  /** Side of a cell in device pixels; a canvas larger than the grid shows it repeated. */
  scale = 1;
  width = 0;
  height = 0;
  stepCount = 0;
  #due = 0;
  #frame = 0;
  #pace;
  #compiled = false;
  /** @type {Record<string, Pass>} */
  #passes = {};
  /** State, next state, kept state. @type {Field[]} */
  #fields = [];
  /** The texture in each unit. @type {WebGLTexture[]} */
  #textures = [];
  /** What toTexture draws to. @type {Picture | null} */
  #picture = null;
  /** What happened since the snapshot, or since step 0. @type {{ step: number, disc: Disc }[]} */
  #past = [];
  /** @type {Snapshot | null} */
  #saved = null;
  /** A snapshot on its way from the device. @type {{ fence: WebGLSync, buffer: WebGLBuffer, past: number, snapshot: Snapshot } | null} */
  #saving = null;
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
    this.#pace = new Pace(gl);
    this.#compile();
    this.resize(width, height);
    const { signal } = this.#listening;
    // Unless the loss is handled, the browser does not restore the context.
    this.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault(), { signal });
    this.canvas.addEventListener("webglcontextrestored", () => this.#recover(), { signal });
  }

  get playing() {
    return this.#frame > 0;
  }

  /** Whether the shaders are compiled; until then the first step would wait for them, and play does not. */
  get compiled() {
    const { gl } = this;
    const parallel = gl.getExtension("KHR_parallel_shader_compile");
    return (this.#compiled ||= Object.values(this.#passes).every(
      ({ program }) => !parallel || gl.getProgramParameter(program, parallel.COMPLETION_STATUS_KHR),
    ));
  }

  /** A hidden tab gets no animation frames, so nothing runs there. */
  play() {
    this.#frame ||= requestAnimationFrame(this.#tick);
  }

  pause() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
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
    const fields = this.#fields;
    const at = this.#use("step", fields[1]);
    for (; n > 0; n--) {
      const [state, next] = fields;
      next.phase = this.stepCount & 1;
      gl.bindFramebuffer(gl.FRAMEBUFFER, next.framebuffer);
      gl.uniform1iv(at.state, state.units);
      gl.uniform3i(at.grid, width, height, next.phase);
      gl.uniform1ui(at.key, mix(mix(this.seed + 0x9e3779b9) + this.stepCount++)); // step_key of nca/mask.py
      gl.drawArrays(gl.TRIANGLES, 0, 3);
      [fields[0], fields[1]] = [next, state];
    }
    this.#save();
  }

  /** Back to step 0, all zeros, nothing kept. */
  reset(seed = this.seed) {
    this.#begin(seed);
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
    this.#release();
    this.#fields = [0, 1, 2].map(() => this.#field()); // all zeros, as WebGL promises
    this.#begin(this.seed);
  }

  /** Zeroes the cells within r of column x, row y on the torus. @param {number} x @param {number} y @param {number} r */
  erase(x, y, r) {
    this.#stamp(0, 2, 0, x, y, r);
  }

  /** Puts back the cells that keep remembered. @param {number} x @param {number} y @param {number} r */
  restore(x, y, r) {
    this.#stamp(0, 2, 1, x, y, r);
  }

  /** Remembers the state. */
  keep() {
    this.#stamp(2, 0, 1, 0, 0, Infinity);
  }

  /** Shows the state in the canvas's upper left corner, at its own resolution, or all over it. */
  draw(width = this.gl.drawingBufferWidth, height = this.gl.drawingBufferHeight) {
    const { gl } = this;
    const bottom = gl.drawingBufferHeight - height;
    this.#show(null, [0, bottom, width, height], gl.drawingBufferHeight, this.scale);
  }

  /** Shows the state in a texture of the context, the same until a resize or a loss: a texel a cell, the bottom row first. */
  toTexture() {
    const { gl, width, height } = this;
    this.#picture ??= this.#newPicture(width, height);
    this.#show(this.#picture.framebuffer, [0, 0, width, height], height, 1);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    return this.#picture.texture;
  }

  /** The state, (channels, height, width) in [-2047, 2047], top row first. */
  read() {
    const { width, height } = this;
    const state = new Int16Array(this.bundle.channels * height * width);
    const texels = new Int32Array(this.#texels);
    const [{ units, phase }] = this.#fields;
    let at = 0;
    this.#packing();
    units.forEach((_, k) => {
      this.#readTexels(0, k, texels);
      for (let lane = 0; lane < 4; lane++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const place = modulo(x - phase, width);
            const texel = texels[4 * (y * this.#columns + (place >> 1)) + lane];
            state[at++] = place & 1 ? texel >> 16 : (texel << 16) >> 16;
          }
    });
    return state;
  }

  /** The grid drawn at scale device pixels a cell, as RGBA bytes for ImageData, top row first. */
  pixels(scale = 1) {
    const { gl } = this;
    const [width, height] = [this.width * scale, this.height * scale];
    const picture = this.#newPicture(width, height);
    this.#show(picture.framebuffer, [0, 0, width, height], height, scale);
    const bytes = new Uint8ClampedArray(4 * width * height);
    this.#packing();
    for (let y = 0; y < height; y++) // WebGL's first row is the bottom one
      gl.readPixels(0, height - 1 - y, width, 1, gl.RGBA, gl.UNSIGNED_BYTE, bytes, 4 * width * y);
    this.#deletePicture(picture);
    return bytes;
  }

  /** Stops for good and gives back what it holds: its context, or its part of one that is shared. */
  destroy() {
    this.pause();
    this.#listening.abort();
    this.#stopSaving();
    this.#release();
    for (const pass of Object.values(this.#passes)) if (!--pass.users) this.gl.deleteProgram(pass.program);
    if (!this.shared) this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #tick = () => {
    this.#frame = requestAnimationFrame(this.#tick);
    this.#pace.begin();
    if (!this.advance(this.#pace)) return;
    this.draw();
    this.#pace.end();
  };

  #compile() {
    const { gl, bundle } = this;
    const { shaders } = bundle;
    const known = programs.get(bundle);
    const valid = known && gl.isProgram(known.step.program); // not another context's, nor from before it was lost
    this.#passes = valid
      ? known
      : Object.fromEntries(PASSES.map((pass) => [pass, compile(gl, shaders.vertex, shaders[pass])]));
    programs.set(bundle, this.#passes);
    for (const pass of Object.values(this.#passes)) pass.users++;
    this.#compiled = false;
  }

  /** Texels a row, and values a texture of a field. */
  get #columns() {
    return (this.width + 1) >> 1;
  }

  get #texels() {
    return 4 * this.#columns * this.height;
  }

  /** @returns {Field} */
  #field() {
    const { gl } = this;
    const framebuffer = gl.createFramebuffer();
    const units = [];
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    for (let k = 0; k < this.bundle.channels / 4; k++) {
      const texture = gl.createTexture();
      units[k] = this.#textures.push(texture) - 1;
      gl.activeTexture(gl.TEXTURE0 + units[k]); // each has its own, so that a step binds nothing
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA32I, this.#columns, this.height);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + k, gl.TEXTURE_2D, texture, 0);
    }
    gl.drawBuffers(units.map((_, k) => gl.COLOR_ATTACHMENT0 + k));
    if (gl.checkFramebufferStatus(gl.FRAMEBUFFER) != gl.FRAMEBUFFER_COMPLETE && !gl.isContextLost())
      throw new RangeError(`this device cannot draw to ${units.length} integer textures`);
    return { framebuffer, units, phase: 1 };
  }

  /** To draw to. @param {number} width @param {number} height @returns {Picture} */
  #newPicture(width, height) {
    const { gl } = this;
    const [texture, framebuffer] = [gl.createTexture(), gl.createFramebuffer()];
    gl.activeTexture(gl.TEXTURE0 + this.#textures.length);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    return { texture, framebuffer };
  }

  /** @param {Picture} picture */
  #deletePicture({ texture, framebuffer }) {
    this.gl.deleteTexture(texture);
    this.gl.deleteFramebuffer(framebuffer);
  }

  #release() {
    const { gl } = this;
    for (const texture of this.#textures) gl.deleteTexture(texture);
    for (const { framebuffer } of this.#fields) gl.deleteFramebuffer(framebuffer);
    if (this.#picture) this.#deletePicture(this.#picture);
    this.#textures = this.#fields = [];
    this.#picture = null;
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
      gl.viewport(0, 0, this.#columns, this.height);
    }
    return at;
  }

  /** In a shared context, what other code may have set. */
  #bind() {
    const { gl } = this;
    for (const each of [gl.BLEND, gl.CULL_FACE, gl.DEPTH_TEST, gl.DITHER, gl.SCISSOR_TEST, gl.STENCIL_TEST])
      gl.disable(each);
    for (const each of [gl.RASTERIZER_DISCARD, gl.SAMPLE_COVERAGE]) gl.disable(each);
    gl.colorMask(true, true, true, true);
    gl.bindVertexArray(null);
    this.#textures.forEach((texture, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.bindSampler(unit, null);
    });
  }

  /** @param {WebGLFramebuffer | null} target @param {number[]} box @param {number} top @param {number} scale */
  #show(target, [x, y, width, height], top, scale) {
    const { gl } = this;
    const [state] = this.#fields;
    const at = this.#use("display");
    gl.bindFramebuffer(gl.FRAMEBUFFER, target);
    gl.viewport(x, y, width, height);
    gl.uniform1i(at.state, state.units[0]);
    gl.uniform3i(at.grid, this.width, this.height, state.phase);
    gl.uniform2i(at.view, top, scale);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** A disc to remember. @param {Disc} disc */
  #stamp(...disc) {
    this.#disc(...disc);
    this.#past.push({ step: this.stepCount, disc });
  }

  /** Draws a disc over a field: zeros, or the cells of another. @param {Disc} disc */
  #disc(...[to, from, keep, x, y, r]) {
    const { gl, width, height } = this;
    const fields = this.#fields;
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
  #packing() {
    const { gl } = this;
    if (!this.shared) return;
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    for (const each of [gl.PACK_ROW_LENGTH, gl.PACK_SKIP_ROWS, gl.PACK_SKIP_PIXELS]) gl.pixelStorei(each, 0);
  }

  /** In a shared context, how other code may give pixels; touched only here, since p5.js sets it once and for all. */
  #unpacking() {
    const { gl } = this;
    if (!this.shared) return;
    gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, null);
    for (const each of [gl.UNPACK_ROW_LENGTH, gl.UNPACK_SKIP_ROWS, gl.UNPACK_SKIP_PIXELS]) gl.pixelStorei(each, 0);
    for (const each of [gl.UNPACK_FLIP_Y_WEBGL, gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL]) gl.pixelStorei(each, false);
  }

  /** @param {number} field @param {number} k @param {Int32Array | number} target an array, or an offset in a bound buffer */
  #readTexels(field, k, target) {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#fields[field].framebuffer);
    gl.readBuffer(gl.COLOR_ATTACHMENT0 + k);
    gl.readPixels(0, 0, this.#columns, this.height, gl.RGBA_INTEGER, gl.INT, /** @type {Int32Array} */ (target));
  }

  /** Now and then starts a copy of the state from the device, and takes the last one over when it has come, without waiting. */
  #save() {
    const { gl } = this;
    if (gl.isContextLost()) return;
    if (!this.#saving) {
      if (this.stepCount - (this.#saved?.step ?? 0) >= SAVE_EVERY) this.#saving = this.#startSaving();
    } else if (gl.getSyncParameter(this.#saving.fence, gl.SYNC_STATUS) == gl.SIGNALED) {
      const { snapshot, past, buffer } = this.#saving;
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, snapshot.texels);
      this.#stopSaving();
      this.#saved = snapshot;
      this.#past.splice(0, past);
    }
  }

  #startSaving() {
    const { gl } = this;
    const texels = new Int32Array(2 * this.#fields[0].units.length * this.#texels); // state and kept state
    const buffer = gl.createBuffer();
    this.#packing();
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, texels.byteLength, gl.STREAM_READ);
    this.#everyTexture((field, k, at) => this.#readTexels(field, k, 4 * at));
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    const fence = /** @type {WebGLSync} */ (gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0));
    const [state, , kept] = this.#fields;
    const snapshot = { step: this.stepCount, phases: [state.phase, kept.phase], texels };
    return { fence, buffer, past: this.#past.length, snapshot };
  }

  #stopSaving() {
    const { gl } = this;
    if (!this.#saving) return;
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    gl.deleteBuffer(this.#saving.buffer);
    gl.deleteSync(this.#saving.fence);
    this.#saving = null;
  }

  /** Step 0 of a run; snapshots and strokes of the one before are forgotten. @param {number} seed */
  #begin(seed) {
    this.seed = seed;
    this.stepCount = this.#due = 0;
    this.#fields.forEach((field) => (field.phase = 1)); // as before an even step
    this.#stopSaving();
    this.#saved = null;
    this.#past = [];
  }

  /** Calls with each texture of state and kept state, and its place in a snapshot. @param {(field: number, k: number, at: number) => void} call */
  #everyTexture(call) {
    let at = 0;
    for (const field of [0, 2])
      this.#fields[field].units.forEach((_, k) => {
        call(field, k, at);
        at += this.#texels;
      });
  }

  /** After the context was lost: the same state again, from the snapshot and what happened since. */
  #recover() {
    const { stepCount, width, height } = this;
    const [saved, past] = [this.#saved, this.#past];
    this.#saving = this.#picture = null; // gone with the context, as are
    this.#textures = this.#fields = [];
    this.#compile();
    this.resize(width, height);
    if (saved) this.#load(saved);
    for (const { step, disc } of past) {
      this.step(step - this.stepCount);
      this.#stamp(...disc);
    }
    this.step(stepCount - this.stepCount);
    if (!this.shared) this.draw();
  }

  /** @param {Snapshot} saved */
  #load(saved) {
    const { gl } = this;
    const [state, , kept] = this.#fields;
    [state.phase, kept.phase] = saved.phases;
    this.#unpacking();
    this.#everyTexture((field, k, at) => {
      gl.activeTexture(gl.TEXTURE0 + this.#fields[field].units[k]);
      const texels = saved.texels.subarray(at, at + this.#texels);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, this.#columns, this.height, gl.RGBA_INTEGER, gl.INT, texels);
    });
    this.stepCount = saved.step;
    this.#saved = saved;
  }
}

/** The context of a canvas, as textures want it. @param {HTMLCanvasElement | OffscreenCanvas} canvas */
export function context(canvas) {
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
  if (!gl) throw new NoWebGL2("WebGL2 is not available");
  return /** @type {WebGL2RenderingContext} */ (gl);
}

/** @param {number} a @param {number} n */
const modulo = (a, n) => ((a % n) + n) % n;

/** lowbias32 (Chris Wellons, 2018): a uint32 from any whole number. @param {number} x */
function mix(x) {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The passes of each bundle as last compiled, for all its textures. @type {WeakMap<Bundle, Record<string, Pass>>} */
const programs = new WeakMap();

/** Begins to compile, and asks for no result: that would wait. @param {WebGL2RenderingContext} gl @param {string[]} sources @returns {Pass} */
function compile(gl, ...sources) {
  const program = gl.createProgram();
  sources.forEach((source, i) => {
    const shader = /** @type {WebGLShader} */ (gl.createShader(i ? gl.FRAGMENT_SHADER : gl.VERTEX_SHADER));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  });
  gl.linkProgram(program);
  return { program, users: 0, linked: false, at: {} };
}

/** The pass, its program ready to use. @param {WebGL2RenderingContext} gl @param {Pass} pass */
function linked(gl, pass) {
  const { program } = pass;
  if (pass.linked || gl.isContextLost()) return pass;
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(complaint(gl, program));
  pass.at = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]));
  pass.linked = true;
  return pass;
}

/** What is wrong with a program, its shaders' lines numbered. @param {WebGL2RenderingContext} gl @param {WebGLProgram} program */
function complaint(gl, program) {
  for (const shader of gl.getAttachedShaders(program) ?? []) {
    if (gl.getShaderParameter(shader, gl.COMPILE_STATUS)) continue;
    const numbered = gl.getShaderSource(shader)?.split("\n").map((line, n) => `${n + 1}: ${line}`);
    return `shader does not compile: ${gl.getShaderInfoLog(shader)}\n${numbered?.join("\n")}`;
  }
  return `shader: ${gl.getProgramInfoLog(program)}`;
}
