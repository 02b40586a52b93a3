/**
 * `<nca-texture src="moss.nca.json" alt="Moss">`: a living texture as an element. Importing it does not touch the DOM.
 *
 * @import { Stored } from "../data/fill.js"
 * @import { Frame } from "../runtime/loop.js"
 * @typedef {"network" | "format" | "webgl" | "shader"} Trouble the detail.type of an error event
 * @typedef {(type: "error", listener: (event: CustomEvent<{ type: Trouble, message: string }>) => void,
 *   options?: boolean | AddEventListenerOptions) => void} Listen how a page listens to error events
 * @typedef {typeof ATTRIBUTES & Pick<Automaton, typeof METHODS[number]> & { addEventListener: Listen }} Members the
 *   properties that mirror attributes, and the methods of the texture
 */

import { made } from "../data/made.js";
import { Automaton, NoWebGL2 } from "../runtime/automaton.js";
import { bindTextures } from "../runtime/bind.js";
import { check } from "../runtime/check.js";
import { decode } from "../runtime/decode.js";
import { History } from "../runtime/history.js";
import { followPointers, stroke } from "../runtime/pointers.js";
import { Rate } from "../runtime/rate.js";
import { Recovery } from "../runtime/recovery.js";
import { reducedMotion, STILL } from "../runtime/still.js";
import { ATTRIBUTES, mirrorAttributes, takeProperties } from "./attributes.js";
import { Screen } from "./screen.js";
import { elements, leave, share, tell } from "./shared.js";

const METHODS = /** @type {const} */ (["step", "erase", "restore", "keep"]);

const Base = /** @type {{ new (): Members & HTMLElement }} */ (globalThis.HTMLElement ?? class {});

/** Stands in for an observer where there is none, as in jsdom: it sees nothing. */
class Blind {
  constructor(/** @type {any} */ _) {}
  observe() {}
  disconnect() {}
}

export class NcaTexture extends Base {
  static observedAttributes = Object.keys(ATTRIBUTES);

  /** @type {Stored | null} */
  #bundle = null;
  /** @type {Promise<Stored> | null} */
  #loading = null;
  /** @type {Automaton | null} */
  #texture = null;
  #internals = this.attachInternals?.() ?? {};
  #screen = new Screen(this);
  #rate = new Rate();
  #visible = false;
  /** The width and height in CSS pixels. */
  #size = [0, 0];
  #motion = "matchMedia" in globalThis ? reducedMotion() : { matches: false, onchange: /** @type {any} */ (null) };
  /** Whether the page called play although the system asks for less motion. */
  #asked = false;
  #seen = new (globalThis.IntersectionObserver ?? Blind)((entries) => {
    for (const { isIntersecting } of entries) this.#visible = isIntersecting;
    this.#update();
  });
  #sized = new (globalThis.ResizeObserver ?? Blind)(([{ contentRect }]) => {
    this.#size = [contentRect.width, contentRect.height];
    this.#fit();
    this.#update();
  });

  static {
    mirrorAttributes(this.prototype);
    const prototype = /** @type {any} */ (this.prototype);
    for (const name of METHODS)
      prototype[name] = function (/** @type {any} */ ...values) {
        this.#live[name](...values);
        this.#show();
      };
  }

  constructor() {
    super();
    followPointers(
      this.#screen.canvas,
      (event) => this.brush && this.#texture && this.#screen.cell(event),
      (from, to) => {
        stroke((x, y, r) => this.#live.erase(x, y, r), from, to, this.brush);
        this.#show();
      },
    );
  }

  /** The automaton, or null until the element is first visible. Do not draw it yourself: the element does. */
  get texture() {
    return this.#texture;
  }

  /** The bundle. Set it to use a bundle object in place of src. */
  get bundle() {
    return this.#bundle;
  }
  set bundle(bundle) {
    this.#free();
    this.#bundle = bundle;
    this.#watch();
  }

  play() {
    this.#asked = true;
    this.paused = false;
    this.#update();
  }

  pause() {
    this.paused = true;
  }

  /** Goes back to step 0, on a grid that fits the element. */
  reset(seed = this.seed) {
    this.seed = seed;
  }

  /** Checks whether this device computes the same bits as torch, in a context of its own. */
  async check() {
    return check(this.#live.bundle);
  }

  /** Returns the grid as an image, with scale pixels per cell. @returns {Promise<Blob | null>} */
  async toBlob(type = "image/png", scale = 1) {
    const pixels = new ImageData(this.#live.pixels(scale), this.#live.width * scale);
    const { width, height } = pixels;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d")?.putImageData(pixels, 0, 0);
    return new Promise((done) => canvas.toBlob(done, type));
  }

  connectedCallback() {
    elements.add(this);
    takeProperties(this, [...NcaTexture.observedAttributes, "bundle"]);
    try {
      this.#sized.observe(this, { box: "device-pixel-content-box" }); // reports zoom, too
    } catch {
      this.#sized.observe(this); // Safari has no such box
    }
    this.#motion.onchange = () => {
      this.#asked = false;
      this.#update();
    };
    this.#watch();
  }

  adoptedCallback() {
    this.#screen.dress();
  }

  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || this.#leave()); // an element that moves in the document keeps its state
  }

  /** @param {string} name @param {string | null} _ @param {string | null} value */
  attributeChangedCallback(name, _, value) {
    if (name == "src") this.bundle = null;
    if (name == "alt") this.#describe(value);
    if (/seed|grid|cell/.test(name)) {
      this.#fit();
      if (this.#texture) this.#begin();
    }
    this.#watch();
  }

  /** @param {string | null} alt */
  #describe(alt) {
    try {
      Object.assign(this.#internals, { role: alt && "img", ariaLabel: alt });
    } catch {
      // jsdom 26 cannot set them for an element that was in the page before the module
    }
  }

  /** The automaton with its textures bound. All elements use the same texture units. */
  get #live() {
    if (!this.#texture) throw new Error("not loaded yet");
    bindTextures(this.#texture);
    return this.#texture;
  }

  /**
   * The cells across and down: those of the grid attribute, or else those of the screen.
   * @returns {[number, number]}
   */
  get #grid() {
    const [, across, down = across] = this.grid.match(/^(\d+)(?:x(\d+))?$/) ?? [0, ...this.#screen.cells];
    return [+across, +down];
  }

  /** Whether the element must not move: the system asks for less motion, and nobody called play. */
  get #calm() {
    return this.#motion.matches && !this.#asked;
  }

  /** Whether an element that must not move still grows. It does not show these steps, only the state after them. */
  get #growing() {
    return this.#calm && this.#live.stepCount < STILL;
  }

  #watch() {
    if (this.isConnected) this.#seen.observe(this);
    this.#update();
  }

  /** Loads the texture when the element is first visible. After that, starts or stops it. */
  #update() {
    const calm = this.#calm;
    const texture = this.#texture;
    if (texture) {
      texture.speed = calm ? Infinity : this.speed;
      this.#rate.fps = calm ? Infinity : this.fps;
      share().limit(this.#frame, this.#rate);
      share().move(this.#frame, this.#visible && !this.paused && (this.#growing || !calm));
    } else if (this.#visible && this.#size[0] * this.#size[1]) {
      this.#screen.poster = this.poster;
      if (this.#bundle) this.#create(this.#bundle);
      else if (this.src && !this.#loading) this.#load();
    }
  }

  /** Fetches the bundle. Elements with the same src share one fetch. */
  async #load() {
    const { src } = this;
    const other = [...elements].find((other) => other.#loading && other.src == src);
    const loading = (this.#loading = other ? other.#loading : load(src));
    try {
      const bundle = await loading;
      if (loading != this.#loading) return; // src changed meanwhile
      this.#bundle = bundle;
      this.#update();
    } catch (error) {
      if (loading == this.#loading) this.#fail("network", error);
    }
  }

  /** @param {Stored} stored */
  #create(stored) {
    const [width, height] = this.#grid;
    this.#try("format", () => {
      const bundle = made(stored);
      this.#texture = new Automaton(share().gl, bundle, { width, height, seed: this.seed });
      if (bundle.decoder) this.#texture.show = decode;
      new Recovery(this.#texture, new History());
      this.#fit();
      tell(this, "load");
      this.#update();
    });
  }

  /** Starts a run at step 0. */
  #begin() {
    this.#try("webgl", () => {
      this.#live.seed = this.seed;
      this.#live.resize(...this.#grid);
      this.#show();
    });
  }

  /** @type {Frame} */
  #frame = (pace) =>
    this.#try("shader", () => {
      if (this.#live.advance(pace) && !this.#growing) this.#show();
      this.#update();
    });

  #fit() {
    this.#screen.fit(this.#size, this.cell, this.#bundle?.decoder);
    if (this.#texture?.stepCount) this.#show();
  }

  #show() {
    this.#screen.show(this.#live);
  }

  #leave() {
    this.#sized.disconnect();
    this.#motion.onchange = null;
    this.#free();
    leave(this);
  }

  #free() {
    if (this.#texture) share().move(this.#frame, false);
    this.#texture?.destroy();
    this.#texture = this.#loading = null;
    this.#fit(); // clears the canvas, so the poster shows again
    this.#seen.disconnect();
    this.#visible = false;
  }

  /** @param {Trouble} type @param {() => void} action */
  #try(type, action) {
    try {
      action();
    } catch (error) {
      this.#fail(type, error);
    }
  }

  /** @param {Trouble} type @param {any} error */
  #fail(type, error) {
    this.#free();
    if (error instanceof SyntaxError) type = "format";
    if (error instanceof NoWebGL2 || error instanceof RangeError) type = "webgl"; // RangeError: too much for the device
    console.error(error);
    tell(this, "error", { type, message: error.message });
  }
}

/** @param {string} url @returns {Promise<Stored>} */
async function load(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
}

// A page may load the module twice: in two of its bundles, or under two addresses.
const { customElements } = globalThis;
if (!customElements?.get("nca-texture")) customElements?.define("nca-texture", NcaTexture);
