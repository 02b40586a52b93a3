/**
 * Living textures for pages and code of your own. A plain ES module; importing it touches no DOM.
 *
 * @import { Bundle, Options, Picture } from "./automaton.js"
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
  /** What toTexture draws to. @type {Picture | null} */
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
    this._picture ??= this._newPicture(width, height);
    this._show(this._picture.framebuffer, [0, 0, width, height], height, 1);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    return this._picture.texture;
  }

  /** @protected */
  _release() {
    if (this._picture) this._deletePicture(this._picture);
    this._picture = null;
    super._release();
  }

  /** @protected */
  _recover() {
    this._picture = null; // gone with the context
    super._recover();
  }
}
