/** A living texture: one object with an automaton, a history and a loop. docs/module.md describes each member. */

/** @import { Bundle, Options } from "./automaton.js" */
/** @import { Picture } from "./display.js" */
/** @import { Keeps } from "./history.js" */
/** @import { Pace } from "./pace.js" */
import { Automaton } from "./automaton.js";
import { check } from "./check.js";
import { decode } from "./decode.js";
import { deletePicture, newPicture } from "./display.js";
import { History } from "./history.js";
import { prepare, prepareUpload } from "./host.js";
import { Rate } from "./rate.js";
import { RatedLoop } from "./rated.js";
import { Recovery } from "./recovery.js";
import { contextOf, forget } from "./target.js";

export class Texture {
  #loop;
  #rate = new Rate();
  #playing = false;
  /** The picture that toTexture draws to, and its texels per cell. @type {Picture | null} */
  #picture = null;
  #texels = 0;
  #listening = new AbortController();

  /**
   * @param {HTMLCanvasElement | OffscreenCanvas | WebGL2RenderingContext} target
   * @param {Bundle} bundle whose shaders run: one that was made here, see ../data/made.js
   * @param {Options} [options] @param {Keeps} [history] by default one that keeps only the last snapshot
   */
  constructor(target, bundle, options, history = new History()) {
    this.gl = contextOf(target);
    this.shared = this.gl == target;
    this.canvas = this.gl.canvas;
    this.bundle = bundle;
    this.automaton = new Automaton(this.gl, bundle, options);
    if (bundle.decoder) this.automaton.show = decode;
    this.recovery = new Recovery(this.automaton, history);
    this.fps = options?.fps ?? Infinity;
    this.#loop = new RatedLoop(this.gl);
    this.#loop.limit(this.#frame, this.#rate);
    const { signal } = this.#listening;
    // The browser restores the context only if the page handles the loss.
    this.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault(), { signal });
    this.canvas.addEventListener("webglcontextrestored", () => this.#recover(), { signal });
  }

  get width() {
    return this.automaton.width;
  }

  get height() {
    return this.automaton.height;
  }

  get seed() {
    return this.automaton.seed;
  }

  get stepCount() {
    return this.automaton.stepCount;
  }

  /** Whether the shaders are compiled. Until then step waits for them, and advance takes no step. */
  get compiled() {
    return this.automaton.compiled;
  }

  /** Steps per frame while playing. 1/16 means a step every 16 frames. Infinity means as many as the device can do. */
  get speed() {
    return this.automaton.speed;
  }

  set speed(speed) {
    this.automaton.speed = +speed || 0;
  }

  /** The most frames a second while playing. Infinity means every frame of the screen. */
  get fps() {
    return this.#rate.fps;
  }

  set fps(fps) {
    this.#rate.fps = +(fps ?? Infinity);
  }

  /** The side of a cell, in device pixels. A canvas that is larger than the grid repeats the grid. */
  get scale() {
    return this.automaton.scale;
  }

  set scale(scale) {
    this.automaton.scale = +scale;
  }

  get playing() {
    return this.#playing;
  }

  play() {
    this.#play(true);
  }

  pause() {
    this.#play(false);
  }

  /**
   * Takes the steps that are due in a frame at this speed. Call it in your own loop.
   * @param {Pace} pace @returns the number of steps
   */
  advance(pace) {
    return this.#ready.advance(pace);
  }

  /** Takes n steps and does not draw. */
  step(n = 1) {
    this.#ready.step(n);
  }

  /** Goes back to step 0. The state and the kept state are all zeros. */
  reset(seed = this.seed) {
    this.#ready.reset(seed);
  }

  /** Makes a new grid, at step 0. @param {number} width @param {number} height */
  resize(width, height) {
    this.#ready.resize(width, height);
    this.#forgetPicture();
  }

  /**
   * Sets the cells within r of column x, row y to zero, on the torus.
   * @param {number} x @param {number} y @param {number} r
   */
  erase(x, y, r) {
    this.#ready.erase(x, y, r);
  }

  /** Copies cells back from the state that keep saved. @param {number} x @param {number} y @param {number} r */
  restore(x, y, r) {
    this.#ready.restore(x, y, r);
  }

  /** Saves the state for restore. */
  keep() {
    this.#ready.keep();
  }

  /**
   * Draws the state in a box of device pixels in the canvas's upper left corner. The default box is the whole canvas.
   * @param {number} [width] @param {number} [height]
   */
  draw(width, height) {
    this.#ready.draw(width, height);
  }

  /**
   * Draws the state to a texture of the context, with scale x scale texels per cell. The bottom row is first.
   * The texture stays the same until a resize, a lost context or another scale.
   */
  toTexture(scale = this.bundle.decoder?.detail ?? 1) {
    if (scale != this.#texels) this.#forgetPicture();
    this.#texels = scale;
    const { gl } = this;
    const automaton = this.#ready;
    const [width, height] = [this.width * scale, this.height * scale];
    this.#picture ??= newPicture(automaton, width, height);
    automaton.show(automaton, this.#picture.framebuffer, [0, 0, width, height], height, scale);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    return this.#picture.texture;
  }

  /** Returns the state, of shape (channels, height, width), in [-2047, 2047]. The top row is first. */
  read() {
    return this.#ready.read();
  }

  /** Returns the grid as RGBA bytes for ImageData, with scale device pixels per cell. The top row is first. */
  pixels(scale = 1) {
    return this.#ready.pixels(scale);
  }

  /** Checks whether this device computes the same bits as torch, in a context of its own. */
  check() {
    return check(this.bundle);
  }

  /** Stops for good, and frees what it made. The canvas or the context stays as the caller's: it takes another texture. */
  destroy() {
    this.pause();
    this.#listening.abort();
    this.#forgetPicture();
    this.automaton.destroy();
    if (!this.shared) forget(this.gl);
  }

  /** @param {Pace} pace */
  #frame = (pace) => {
    if (this.advance(pace)) this.draw();
  };

  /** The automaton. In a context of other code, this first sets the GL state that the automaton relies on. */
  get #ready() {
    if (!this.automaton.fields.length) throw new Error("this texture is destroyed");
    if (this.shared) prepare(this.automaton);
    return this.automaton;
  }

  /** @param {boolean} on */
  #play(on) {
    this.#playing = on;
    this.#loop.move(this.#frame, on);
  }

  #forgetPicture() {
    if (this.#picture) deletePicture(this.gl, this.#picture);
    this.#picture = null;
  }

  /** Rebuilds the state after the context was restored. */
  #recover() {
    const { automaton, shared } = this;
    this.#picture = null; // the lost context took it
    this.recovery.recover(() => {
      if (!shared) return;
      prepare(automaton);
      prepareUpload(automaton);
    });
    if (!shared) this.draw();
  }
}
