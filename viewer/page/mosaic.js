/**
 * Shows a field that several rules share: each cell as its owner's decoder paints it, or as a square of its colour if
 * its owner has no decoder.
 */

/** @import { Automaton, Bundle } from "../runtime/automaton.js" */
/** @import { Painted, Painter } from "../session/painter.js" */
import { decode } from "../runtime/decode.js";
import { painted } from "../session/painter.js";
import { squares } from "./squares.js";

export class Mosaic {
  /** The pass of each rule, compiled at its first use. @type {Map<Bundle, Painted>} */
  #passes = new Map();

  /** @param {string} plain the shader for rules without a decoder */
  constructor(plain) {
    this.plain = plain;
  }

  /** Forgets the passes after the context was lost. */
  renew() {
    this.#passes.clear();
  }

  /**
   * Draws the field. The parameters are those of squares.
   * @param {Automaton} automaton @param {Painter} painter
   * @param {WebGLFramebuffer | null} target @param {number[]} box @param {number} top @param {number} scale
   * @param {number[]} corner
   */
  show(automaton, painter, target, box, top, scale, corner) {
    const { gl } = automaton;
    const owners = painter.bindOwners();
    gl.disable(gl.DITHER);
    painter.bundles.forEach((bundle, rule) => {
      const { program, at, own } = this.#pass(gl, bundle);
      gl.useProgram(program);
      gl.uniform1i(own.owners, owners);
      gl.uniform1ui(own.rule, rule);
      if (bundle.decoder) decode(automaton, target, box, top, scale, corner, at);
      else squares(automaton, { ...at, ...own }, "colour", target, box, top, scale, corner);
    });
  }

  /** @param {WebGL2RenderingContext} gl @param {Bundle} bundle */
  #pass(gl, bundle) {
    const { shaders, decoder } = bundle;
    const pass = this.#passes.get(bundle) ?? painted(gl, shaders.vertex, decoder ? shaders.display : this.plain);
    this.#passes.set(bundle, pass);
    return pass;
  }
}
