/**
 * A texture that shows any part of itself, in colour, a channel alone, or what its last step updated.
 *
 * @typedef {{ x: number, y: number, show: string | number }} View column and row in the upper left corner;
 *   "colour", "mask", or a channel's number
 * @import { Pass } from "./passes.js"
 */

import { modulo, stepKey } from "./automaton.js";
import { Painted } from "./painted.js";
import { linked } from "./passes.js";

export class Shown extends Painted {
  /** @type {View} */
  view = { x: 0, y: 0, show: "colour" };
  /** Compiled by who owns the context. @type {Pass} */
  pass = /** @type {any} */ (null);

  /** The grid drawn at scale pixels a cell, as RGBA bytes for ImageData, top row first. @param {number} scale @param {string | number} show */
  pixels(scale = 1, show = "colour") {
    return this.#seen({ x: 0, y: 0, show }, () => super.pixels(scale));
  }

  /** The upper left corner of the torus in that of the canvas, without moving the view. @param {number} side cells across and down @param {string | number} show */
  sample(side, show) {
    this.#seen({ x: 0, y: 0, show }, () => this.draw(side, side));
  }

  /** @template T @param {View} view @param {() => T} look */
  #seen(view, look) {
    const before = this.view;
    this.view = view;
    const seen = look();
    this.view = before;
    return seen;
  }

  /** @param {WebGLFramebuffer | null} target @param {number[]} box @param {number} top @param {number} scale */
  _show(target, [left, bottom, width, height], top, scale) {
    const { gl, view, pass } = this;
    if (!view.x && !view.y && view.show == "colour") return super._show(target, [left, bottom, width, height], top, scale);
    const [state] = this._fields;
    const unit = state.units[typeof view.show == "number" ? view.show >> 2 : 0];
    const { update } = /** @type {any} */ (this.bundle);
    const what = { colour: [0, 0], mask: [2, this.stepCount && update] }[view.show] ?? [1, +view.show & 3];
    const { at } = linked(gl, pass);
    gl.useProgram(pass.program);
    gl.bindFramebuffer(gl.FRAMEBUFFER, target);
    gl.viewport(left, bottom, width, height);
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, this._textures[unit]);
    gl.uniform1i(at.state, unit);
    gl.uniform3i(at.grid, this.width, this.height, state.phase);
    gl.uniform4i(at.view, top, scale, modulo(view.x, this.width), modulo(view.y, this.height));
    gl.uniform2iv(at.show, what);
    gl.uniform1ui(at.key, stepKey(this.seed, this.stepCount - 1));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}
