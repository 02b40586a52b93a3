/**
 * Runs nca-fixed-1 textures in WebGL2, in integers: after any number of steps the state equals
 * torch's, bit for bit. A plain ES module; importing it touches no DOM.
 *
 * @typedef {{ format: string, channels: number, shaders: Record<string, string> }} Bundle
 * @typedef {{ width?: number, height?: number, seed?: number }} Options size of the grid in cells; seed of the run
 * @typedef {{ framebuffer: WebGLFramebuffer, units: number[] }} Field one state: a texture unit for four channels
 * @typedef {{ program: WebGLProgram, at: Record<string, WebGLUniformLocation | null> }} Pass
 */

const FORMAT = "nca-fixed-1";
const PASSES = ["step", "reset", "brush", "display"];
const UNIFORMS = ["state", "key", "kept", "keep", "disc", "view"];

/** The browser or the device offers no WebGL2. */
export class NoWebGL2 extends Error {}

/** A texture on a canvas, paused at step 0. @param {HTMLCanvasElement} canvas @param {Bundle} bundle @param {Options} [options] */
export const create = (canvas, bundle, options) => new Texture(canvas, bundle, options);

export class Texture {
  /** Steps a frame while playing; 1/16 is a step every 16 frames. */
  speed = 1;
  /** Side of a cell in device pixels; a canvas larger than the grid shows it repeated. */
  scale = 1;
  width = 0;
  height = 0;
  stepCount = 0;
  #due = 0;
  #frame = 0;
  /** @type {Record<string, Pass>} */
  #passes = {};
  /** State, next state, kept state. @type {Field[]} */
  #fields = [];
  /** The texture in each unit. @type {WebGLTexture[]} */
  #textures = [];

  /** @param {HTMLCanvasElement} canvas @param {Bundle} bundle @param {Options} [options] */
  constructor(canvas, bundle, { width = 256, height = 256, seed = 0 } = {}) {
    if (bundle?.format != FORMAT || !PASSES.every((pass) => bundle.shaders?.[pass]))
      throw new Error(`bundle of format ${bundle?.format}: expected ${FORMAT} with shaders ${PASSES}`);
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
    if (!gl) throw new NoWebGL2("WebGL2 is not available");
    this.canvas = canvas;
    this.bundle = bundle;
    this.gl = gl;
    this.seed = seed;
    this.#build(width, height);
    // Unless the loss is handled, the browser does not restore the context. The state is lost all the same.
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.#textures = this.#fields = [];
      this.#build(this.width, this.height);
      this.draw();
    });
  }

  get playing() {
    return this.#frame > 0;
  }

  /** A hidden tab gets no animation frames, so nothing runs there. */
  play() {
    this.#frame ||= requestAnimationFrame(this.#tick);
  }

  pause() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  /** Takes n steps, without drawing. */
  step(n = 1) {
    const { gl } = this;
    for (; n > 0; n--) {
      const [state, next, kept] = this.#fields;
      const at = this.#use("step", next);
      gl.uniform1iv(at.state, state.units);
      gl.uniform1ui(at.key, mix(mix(this.seed + 0x9e3779b9) + this.stepCount++)); // step_key of nca/mask.py
      gl.drawArrays(gl.TRIANGLES, 0, 3);
      this.#fields = [next, state, kept];
    }
  }

  /** Back to step 0, all zeros. */
  reset(seed = this.seed) {
    const { gl } = this;
    this.seed = seed;
    this.stepCount = this.#due = 0;
    this.#use("reset", this.#fields[0]);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** A new grid, reset, nothing kept. @param {number} width @param {number} height */
  resize(width, height) {
    const { gl } = this;
    const most = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    if (![width, height].every((size) => Number.isInteger(size) && size > 0 && size <= most))
      throw new RangeError(`grid of ${width}x${height} cells: expected 1 to ${most}`);
    this.width = width;
    this.height = height;
    this.#textures.forEach((texture) => gl.deleteTexture(texture));
    this.#fields.forEach(({ framebuffer }) => gl.deleteFramebuffer(framebuffer));
    this.#textures = [];
    this.#fields = [0, 1, 2].map(() => this.#field());
    this.reset();
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

  /** Shows the state on the canvas, at the canvas's own resolution. */
  draw() {
    const { gl } = this;
    const at = this.#use("display", null);
    gl.uniform1i(at.state, this.#fields[0].units[0]);
    gl.uniform2i(at.view, gl.drawingBufferHeight, this.scale);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** The state, (channels, height, width) in [-2047, 2047], top row first. */
  read() {
    const { gl, width, height } = this;
    const cells = width * height;
    const [{ framebuffer, units }] = this.#fields;
    const state = new Int16Array(4 * cells * units.length);
    const texels = new Int32Array(4 * cells);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    units.forEach((_, k) => {
      gl.readBuffer(gl.COLOR_ATTACHMENT0 + k);
      gl.readPixels(0, 0, width, height, gl.RGBA_INTEGER, gl.INT, texels);
      texels.forEach((value, i) => (state[(4 * k + (i % 4)) * cells + (i >> 2)] = value));
    });
    return state;
  }

  /** The grid drawn at scale device pixels a cell, as RGBA bytes for ImageData, top row first. */
  pixels(scale = 1) {
    const { canvas, gl } = this;
    const before = [canvas.width, canvas.height, this.scale];
    const [width, height] = [this.width * scale, this.height * scale];
    [canvas.width, canvas.height, this.scale] = [width, height, scale];
    this.draw();
    const bytes = new Uint8ClampedArray(4 * width * height);
    for (let y = 0; y < height; y++) // WebGL's first row is the bottom one
      gl.readPixels(0, height - 1 - y, width, 1, gl.RGBA, gl.UNSIGNED_BYTE, bytes, 4 * width * y);
    [canvas.width, canvas.height, this.scale] = before;
    this.draw();
    return bytes;
  }

  /** Stops for good and gives the context back. */
  destroy() {
    this.pause();
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #tick = () => {
    this.#frame = requestAnimationFrame(this.#tick);
    this.#due += this.speed;
    const steps = Math.floor(this.#due);
    this.#due -= steps;
    if (!steps) return;
    this.step(steps);
    this.draw();
  };

  /** @param {number} width @param {number} height */
  #build(width, height) {
    const { gl, bundle } = this;
    const { shaders } = bundle;
    gl.disable(gl.DITHER);
    this.#passes = Object.fromEntries(PASSES.map((pass) => [pass, compile(gl, shaders.vertex, shaders[pass])]));
    this.resize(width, height);
  }

  /** @returns {Field} */
  #field() {
    const { gl, width, height } = this;
    const framebuffer = gl.createFramebuffer();
    const units = [];
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    for (let k = 0; k < this.bundle.channels / 4; k++) {
      const texture = gl.createTexture();
      units[k] = this.#textures.push(texture) - 1;
      gl.activeTexture(gl.TEXTURE0 + units[k]); // each has its own, so that a step binds nothing
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA16I, width, height);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + k, gl.TEXTURE_2D, texture, 0);
    }
    gl.drawBuffers(units.map((_, k) => gl.COLOR_ATTACHMENT0 + k));
    return { framebuffer, units };
  }

  /** Readies a pass over a whole field, or the canvas. @param {string} pass @param {Field | null} field */
  #use(pass, field) {
    const { gl } = this;
    const { program, at } = this.#passes[pass];
    gl.useProgram(program);
    gl.bindFramebuffer(gl.FRAMEBUFFER, field && field.framebuffer);
    if (field) gl.viewport(0, 0, this.width, this.height);
    else gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    return at;
  }

  /** @param {number} to @param {number} from @param {0 | 1} keep @param {number} x @param {number} y @param {number} r */
  #stamp(to, from, keep, x, y, r) {
    const { gl, width, height } = this;
    const at = this.#use("brush", this.#fields[to]);
    gl.uniform1iv(at.kept, this.#fields[from].units);
    gl.uniform1i(at.keep, keep);
    // No distance on the torus exceeds width + height, whose square still fits an int.
    gl.uniform3i(at.disc, modulo(x, width), modulo(y, height), Math.min(r, width + height));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}

/** @param {number} a @param {number} n */
const modulo = (a, n) => ((a % n) + n) % n;

/** lowbias32 (Chris Wellons, 2018): a uint32 from any whole number. @param {number} x */
function mix(x) {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** @param {WebGL2RenderingContext} gl @param {string} vertex @param {string} fragment @returns {Pass} */
function compile(gl, vertex, fragment) {
  const program = gl.createProgram();
  [vertex, fragment].forEach((source, i) => {
    const shader = /** @type {WebGLShader} */ (gl.createShader(i ? gl.FRAGMENT_SHADER : gl.VERTEX_SHADER));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    if (gl.getShaderParameter(shader, gl.COMPILE_STATUS)) return;
    const numbered = source.split("\n").map((line, n) => `${n + 1}: ${line}`);
    throw new Error(`shader does not compile: ${gl.getShaderInfoLog(shader)}\n${numbered.join("\n")}`);
  });
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`shader: ${gl.getProgramInfoLog(program)}`);
  return { program, at: Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)])) };
}
