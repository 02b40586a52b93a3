/** For a WebGL2 context of other code: that code may have set any GL state, so this module sets it before a call. */

/** @import { Automaton } from "./automaton.js" */
import { bindTextures } from "./bind.js";

/** Sets the GL state that drawing and reading pixels need. @param {Automaton} automaton */
export function prepare(automaton) {
  const { gl, textures } = automaton;
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
  bindTextures(automaton);
  textures.forEach((_, unit) => gl.bindSampler(unit, null));
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  for (const each of [gl.PACK_ROW_LENGTH, gl.PACK_SKIP_ROWS, gl.PACK_SKIP_PIXELS]) gl.pixelStorei(each, 0);
}

/**
 * Sets the GL state that uploading pixels needs. Call it only after a lost context, because p5.js sets this state
 * only once.
 * @param {Automaton} automaton
 */
export function prepareUpload({ gl }) {
  gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, null);
  for (const each of [gl.UNPACK_ROW_LENGTH, gl.UNPACK_SKIP_ROWS, gl.UNPACK_SKIP_PIXELS]) gl.pixelStorei(each, 0);
  for (const each of [gl.UNPACK_FLIP_Y_WEBGL, gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL]) gl.pixelStorei(each, false);
}
