/** What the contestants in plain WebGL2 share. */

/** @typedef {{ framebuffer: WebGLFramebuffer, textures: WebGLTexture[] }} Field */

const VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(4 * (gl_VertexID & 1) - 1, 2 * (gl_VertexID & 2) - 1, 0, 1);
}`;

/** A context that renders to float textures. */
export function context() {
  const canvas = document.createElement("canvas");
  const gl = /** @type {WebGL2RenderingContext} */ (canvas.getContext("webgl2", { antialias: false, depth: false }));
  if (!gl.getExtension("EXT_color_buffer_float")) throw new Error("no EXT_color_buffer_float");
  return gl;
}

/** A program that draws one triangle over the target. @param {WebGL2RenderingContext} gl @param {string} fragment */
export function program(gl, fragment) {
  const made = gl.createProgram();
  for (const [type, source] of /** @type {const} */ ([
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, fragment],
  ])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(type));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "");
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made) ?? "");
  gl.useProgram(made);
  return made;
}

/**
 * A texture of RGBA floats. @param {WebGL2RenderingContext} gl @param {number} width @param {number} height
 * @param {Float32Array | null} texels
 */
export function texture(gl, width, height, texels = null) {
  const made = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, made);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, width, height, 0, gl.RGBA, gl.FLOAT, texels);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  return made;
}

/**
 * Textures to draw to, all at once. @param {WebGL2RenderingContext} gl @param {number} count
 * @param {number} width @param {number} height @returns {Field}
 */
export function field(gl, count, width, height) {
  const framebuffer = gl.createFramebuffer();
  const textures = Array.from({ length: count }, () => texture(gl, width, height));
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  const attachments = textures.map((each, k) => {
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + k, gl.TEXTURE_2D, each, 0);
    return gl.COLOR_ATTACHMENT0 + k;
  });
  gl.drawBuffers(attachments);
  return { framebuffer, textures };
}

/**
 * Waits until the device has drawn what is bound: Chromium's gl.finish() does not wait.
 * @param {WebGL2RenderingContext} gl
 */
export const finish = (gl) => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.FLOAT, new Float32Array(4));
