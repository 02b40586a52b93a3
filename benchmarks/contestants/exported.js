/** The exported page, driven through the object on its canvas. */

/** Makes a contestant of the page around it. */
export async function create() {
  const canvas = /** @type {HTMLCanvasElement & { nca: any }} */ (document.querySelector("canvas"));
  const { nca } = canvas;
  const { gl } = nca;
  canvas.width = canvas.height = 1; // a frame costs next to nothing, yet waits for all steps
  return {
    /** @param {number} steps */
    run(steps) {
      nca.step(steps);
      nca.draw();
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    },
    read: () => Float32Array.from(nca.read(), (value) => value / 1024),
    multiplyAdds: () => count(gl, () => nca.step(1)),
    renderer() {
      const names = gl.getExtension("WEBGL_debug_renderer_info");
      return gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
    },
  };
}

/**
 * The multiply-adds of all matrix products in what is drawn: 16 for each matrix in the shader's text, in each fragment.
 * @param {WebGL2RenderingContext} gl @param {() => void} draw
 */
function count(gl, draw) {
  let sum = 0;
  gl.drawArrays = (...triangle) => {
    const [, , width, height] = gl.getParameter(gl.VIEWPORT);
    sum += 16 * matrices(gl) * width * height;
    WebGL2RenderingContext.prototype.drawArrays.apply(gl, triangle);
  };
  draw();
  delete (/** @type {any} */ (gl).drawArrays);
  return sum;
}

/** @param {WebGL2RenderingContext} gl */
function matrices(gl) {
  const shaders = gl.getAttachedShaders(gl.getParameter(gl.CURRENT_PROGRAM)) ?? [];
  return shaders.flatMap((shader) => gl.getShaderSource(shader)?.match(/mat4\(/g) ?? []).length;
}
