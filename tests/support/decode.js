/**
 * Draw a state with the shader of its decoder, and read the pixels back. The tests of the decoder run this in a tab.
 *
 * @typedef {object} Job
 * @property {string} vertex
 * @property {string[]} fragments one for each rule's decoder
 * @property {number[]} size columns, rows, phase of the state
 * @property {number[][]} textures the texels of each four channels
 * @property {number[] | null} owners of each cell; null if there is one rule
 * @property {number[]} canvas width, height
 * @property {number} side of a cell in the canvas's pixels
 * @property {number[]} corner column and row in its upper left corner, in decoded pixels
 * @property {number} detail
 * @property {number} [times] number of draws for a measurement
 */

/** @param {Job} job */
export function decode(job) {
  const canvas = new OffscreenCanvas(1, 1);
  const gl = canvas.getContext("webgl2");
  const [width, height] = job.canvas;
  const columns = (job.size[0] + 1) >> 1;
  job.textures.forEach((texels, unit) =>
    texture(gl, unit, gl.RGBA32I, columns, job.size[1], gl.RGBA_INTEGER, gl.INT, new Int32Array(texels)),
  );
  const last = job.textures.length;
  if (job.owners)
    texture(gl, last, gl.RG8UI, job.size[0], job.size[1], gl.RG_INTEGER, gl.UNSIGNED_BYTE, new Uint8Array(job.owners));
  target(gl, last + 1, width, height);
  const programs = job.fragments.map((text) => link(gl, job.vertex, job.owners ? painted(text) : text));
  programs.forEach((program, rule) => set(gl, program, rule, job));
  draw(gl, programs);
  const pixels = read(gl, width, height);
  const started = performance.now();
  for (let n = 0; n < (job.times ?? 0); n++) draw(gl, programs);
  if (job.times) read(gl, 1, 1);
  const seconds = (performance.now() - started) / 1000;
  if (gl.getError()) throw new Error("WebGL error");
  return { pixels: base64(pixels), seconds };
}

/** @param {string} text */
const painted = (text) => text.replace("\n", "\n#define PAINTED\n");

/** @param {WebGL2RenderingContext} gl @param {WebGLProgram} program @param {number} rule @param {Job} job */
function set(gl, program, rule, { textures, owners, size, canvas, side, corner, detail }) {
  /** @param {string} name */
  const at = (name) => gl.getUniformLocation(program, name);
  gl.useProgram(program);
  gl.uniform1iv(at("state"), [...textures.keys()]);
  gl.uniform3i(at("grid"), size[0], size[1], size[2]);
  gl.uniform4i(at("view"), canvas[1], side, corner[0], corner[1]);
  gl.uniform1i(at("detail"), detail);
  if (!owners) return;
  gl.uniform1i(at("owners"), textures.length);
  gl.uniform1ui(at("rule"), rule);
}

/** @param {WebGL2RenderingContext} gl @param {WebGLProgram[]} programs */
function draw(gl, programs) {
  for (const program of programs) {
    gl.useProgram(program);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}

/** @param {WebGL2RenderingContext} gl @param {number} width @param {number} height */
function target(gl, unit, width, height) {
  const framebuffer = gl.createFramebuffer();
  gl.activeTexture(gl.TEXTURE0 + unit);
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  gl.disable(gl.DITHER);
  gl.viewport(0, 0, width, height);
}

/** @param {WebGL2RenderingContext} gl @param {ArrayBufferView} values */
function texture(gl, unit, kind, width, height, format, type, values) {
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.texStorage2D(gl.TEXTURE_2D, 1, kind, width, height);
  gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, format, type, values);
  for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
    gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
}

/** @param {WebGL2RenderingContext} gl @param {string} vertex @param {string} fragment */
function link(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [kind, text] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(`${gl.getShaderInfoLog(shader)}\n${text}`);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  return program;
}

/** @param {WebGL2RenderingContext} gl @param {number} width @param {number} height */
function read(gl, width, height) {
  const bytes = new Uint8Array(4 * width * height);
  for (let y = 0; y < height; y++)
    // WebGL's first row is the bottom one
    gl.readPixels(0, height - 1 - y, width, 1, gl.RGBA, gl.UNSIGNED_BYTE, bytes, 4 * width * y);
  return bytes;
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}
