/**
 * Draws any part of the torus for a window: the colours, one channel, or the mask.
 *
 * @import { Bundle } from "../runtime/automaton.js"
 * @import { Show } from "../runtime/display.js"
 * @import { Pass } from "../runtime/passes.js"
 * @import { Painter } from "../session/painter.js"
 * @typedef {{ x: number, y: number, show: string | number }} Look the column and row in the upper left corner,
 *   and what to show: "colour", "mask", or a channel's number
 */

import { modulo } from "../runtime/automaton.js";
import { decode } from "../runtime/decode.js";
import { show } from "../runtime/display.js";
import { compile, linked } from "../runtime/passes.js";
import { Mosaic } from "./mosaic.js";
import { squares } from "./squares.js";

/** @type {Look} */
const WHOLE = { x: 0, y: 0, show: "colour" };

export class View {
  /** What the canvas shows. @type {Look} */
  look = WHOLE;
  /** @type {Pass | undefined} */
  pass;
  /** If set, replaces look on the canvas and in pictures. @type {Look | null} */
  #instead = null;
  #mosaic;

  /** @param {WebGL2RenderingContext} gl @param {string} text the shader that shows cells as squares */
  constructor(gl, text) {
    this.gl = gl;
    this.text = text;
    this.#mosaic = new Mosaic(text);
  }

  /** Compiles its pass, also after the context was lost. The vertex shader is the same for all textures. @param {Bundle} bundle */
  renew({ shaders }) {
    this.pass = compile(this.gl, shaders.vertex, this.text);
    this.forget();
  }

  /** Forgets the passes of rules, which change while they are trained. */
  forget() {
    this.#mosaic.renew();
  }

  /**
   * Runs a call that draws, and shows the whole grid in another way meanwhile. On the canvas a cell is then a pixel.
   * @template T @param {string | number} show @param {() => T} call @returns the result of the call
   */
  whole(show, call) {
    this.#instead = { ...WHOLE, show };
    const seen = call();
    this.#instead = null;
    return seen;
  }

  /** Replaces the show function of an automaton. @type {Show} */
  show = (automaton, target, box, top, scale) => {
    const look = this.#instead ?? (target ? WHOLE : this.look);
    if (this.#instead && !target) scale = 1;
    const corner = [modulo(look.x, automaton.width), modulo(look.y, automaton.height)];
    if (look.show == "colour") this.#colour(automaton, target, box, top, scale, corner);
    else squares(automaton, this.#use(), look.show, target, box, top, scale, corner);
  };

  /** @type {(...parameters: [...Parameters<Show>, number[]]) => void} */
  #colour(automaton, target, box, top, scale, corner) {
    const painter = /** @type {Painter} */ (automaton.painter);
    if (painter.decodes) this.#mosaic.show(automaton, painter, target, box, top, scale, corner);
    else if (automaton.bundle.decoder) decode(automaton, target, box, top, scale, corner);
    else if (corner[0] || corner[1]) squares(automaton, this.#use(), "colour", target, box, top, scale, corner);
    else show(automaton, target, box, top, scale);
  }

  /** Starts to use its pass. @returns the pass's uniforms */
  #use() {
    const { gl } = this;
    const { program, at } = linked(gl, /** @type {Pass} */ (this.pass));
    gl.useProgram(program);
    return { ...at, show: gl.getUniformLocation(program, "show") };
  }
}
