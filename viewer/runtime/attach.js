/**
 * Creates a texture, binds it to a unit and attaches it to the bound framebuffer.
 * @param {WebGL2RenderingContext} gl @param {number} unit @param {number} target @param {number} format
 * @param {number} filter @param {number} width @param {number} height
 */
export function attach(gl, unit, target, format, filter, width, height) {
  const texture = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + target, gl.TEXTURE_2D, texture, 0);
  return texture;
}
