/**
 * Living textures for pages and code of your own. A plain ES module; importing it touches no DOM.
 *
 * @import { Bundle, Options } from "./automaton.js"
 */

import { Lasting } from "./lasting.js";
import { Player } from "./player.js";

export { NoWebGL2 } from "./automaton.js";

/**
 * A texture paused at step 0, on a canvas of its own or in the WebGL2 context of other code.
 * @param {HTMLCanvasElement | OffscreenCanvas | WebGL2RenderingContext} target @param {Bundle} bundle @param {Options} [options]
 */
export const create = (target, bundle, options) => new Texture(target, bundle, options);

export class Texture extends Lasting {
  /** What toTexture draws to. @type {{ texture: WebGLTexture, framebuffer: WebGLFramebuffer } | null} */
  _picture = null;
  #player = new Player(this);

  get playing() {
    return this.#player.playing;
  }

  play() {
    this.#player.play();
  }

  pause() {
    this.#player.pause();
  }

  /** Stops for good and gives back what it holds: its context, or its part of one that is shared. */
  destroy() {
    this.pause();
    super.destroy();
  }

  /** Shows the state in a texture of the context, the same until a resize or a loss: a texel a cell, the bottom row first. */
  toTexture() {
    const { gl, width, height } = this;
    this._picture ??= this.#newPicture();
    this._show(this._picture.framebuffer, [0, 0, width, height], height, 1);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    return this._picture.texture;
  }

  #newPicture() {
    const { gl } = this;
    const [texture, framebuffer] = [gl.createTexture(), gl.createFramebuffer()];
    gl.activeTexture(gl.TEXTURE0 + this._textures.length);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, this.width, this.height);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    return { texture, framebuffer };
  }

  /** @protected */
  _release() {
    const { gl } = this;
    if (this._picture) gl.deleteTexture(this._picture.texture), gl.deleteFramebuffer(this._picture.framebuffer);
    this._picture = null;
    super._release();
  }

  /** @protected */
  _recover() {
    this._picture = null; // gone with the context
    super._recover();
  }
}
