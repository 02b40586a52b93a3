/**
 * `<nca-texture src="moss.nca.json" alt="Moss">`: a living texture as an element. Importing it touches no DOM.
 *
 * A browser keeps some sixteen WebGL contexts, so the elements of a page share one, and one loop. Each shows itself
 * through a 2D canvas of its own: a pixel a cell, enlarged by the style sheet.
 *
 * @import { Bundle } from "./automaton.js"
 * @typedef {typeof ATTRIBUTES & Pick<Lasting, typeof METHODS[number]>} Members what mirrors attributes; what the texture does
 * @typedef {"network" | "format" | "webgl" | "shader"} Trouble an error event's detail.type
 */

import { context, NoWebGL2 } from "./automaton.js";
import { Lasting } from "./lasting.js";
import { Pace } from "./pace.js";
import { stroke } from "./stroke.js";

/** With their values where absent: a cell's side is in CSS pixels, the brush's radius in cells. */
const ATTRIBUTES = { src: "", seed: 0, speed: 1, paused: false, grid: "", cell: 2, brush: 0, poster: "", alt: "" };
const METHODS = /** @type {const} */ (["step", "erase", "restore", "keep"]);
const STILL = 256; // steps: grown, where motion is not wanted
const STYLE =
  ":host{display:inline-block;contain:strict;width:256px;height:256px}:host([hidden]){display:none}" +
  ":host([brush]){cursor:crosshair;touch-action:pan-y pinch-zoom}canvas{image-rendering:pixelated;background:center/cover}";

const Base = /** @type {{ new (): HTMLElement & Members }} */ (globalThis.HTMLElement ?? class {});

/** Those in the document. @type {Set<NcaTexture>} */
const elements = new Set();

/** What they share, until the last one goes. @type {Stage | null} */
let stage = null;

class Stage {
  gl = context(document.createElement("canvas"));
  #pace = new Pace(this.gl);
  /** What each does in a frame. @type {Set<(pace: Pace) => void>} */
  #moving = new Set();
  #frame = 0;

  constructor() {
    for (const type of ["contextlost", "contextrestored"])
      this.gl.canvas.addEventListener("webgl" + type, () => elements.forEach((element) => tell(element, type)));
  }

  /** @param {(pace: Pace) => void} frame @param {boolean} on */
  move(frame, on) {
    this.#moving[on ? "add" : "delete"](frame);
    this.#frame ||= requestAnimationFrame(this.#tick);
  }

  #tick = () => {
    this.#pace.begin();
    for (const frame of this.#moving) frame(this.#pace);
    if (!this.#pace.busy) this.#pace.end();
    this.#frame = this.#moving.size && requestAnimationFrame(this.#tick);
  };
}

export class NcaTexture extends Base {
  static observedAttributes = Object.keys(ATTRIBUTES);

  /** @type {Bundle | null} */
  #bundle = null;
  /** @type {Promise<Bundle> | null} */
  #loading = null;
  /** @type {Lasting | null} */
  #texture = null;
  #visible = false;
  /** Whether play was called although motion is not wanted. */
  #asked = false;
  /** CSS pixels across and down. */
  #size = [0, 0];
  /** Cells across and down. @type {[number, number]} */
  #grid = [0, 0];
  /** CSS pixels a cell, which are whole device pixels. */
  #cell = 1;
  /** The last cell of each pointer that is down. @type {Map<number, number[]>} */
  #strokes = new Map();
  #internals = this.attachInternals();
  #canvas = document.createElement("canvas");
  #motion = matchMedia("(prefers-reduced-motion: reduce)");
  #seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting } of entries) this.#visible = isIntersecting;
    this.#update();
  });
  #sized = new ResizeObserver(([entry]) => {
    const { width, height } = entry.contentRect;
    this.#size = [width, height];
    this.#fit();
    this.#update();
  });

  static {
    const prototype = /** @type {any} */ (this.prototype);
    for (const [name, absent] of Object.entries(ATTRIBUTES))
      Object.defineProperty(prototype, name, {
        get() {
          return read(this.getAttribute(name), absent);
        },
        set(value) {
          value === false || value == null
            ? this.removeAttribute(name)
            : this.setAttribute(name, value === true ? "" : value);
        },
      });
    for (const name of METHODS)
      prototype[name] = function (/** @type {any} */ ...values) {
        this.#live[name](...values);
        this.#show();
      };
  }

  constructor() {
    super();
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [style];
    root.append(this.#canvas);
    const canvas = this.#canvas;
    canvas.onpointerdown = canvas.onpointermove = this.#stroke;
    canvas.onlostpointercapture = ({ pointerId }) => this.#strokes.delete(pointerId);
  }

  /** What runs, from the first sight on. Let the element draw it. */
  get texture() {
    return this.#texture;
  }

  /** The bundle itself, in place of src. */
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

  /** Back to step 0, on a grid that fits. */
  reset(seed = this.seed) {
    this.seed = seed;
  }

  /** The grid as a picture, scale pixels a cell. @returns {Promise<Blob | null>} */
  async toBlob(type = "image/png", scale = 1) {
    const pixels = new ImageData(this.#live.pixels(scale), this.#live.width * scale);
    const { width, height } = pixels;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d")?.putImageData(pixels, 0, 0);
    return new Promise((done) => canvas.toBlob(done, type));
  }

  connectedCallback() {
    elements.add(this);
    try {
      this.#sized.observe(this, { box: "device-pixel-content-box" }); // heeds zoom, too
    } catch {
      this.#sized.observe(this); // Safari
    }
    this.#motion.onchange = () => {
      this.#asked = false;
      this.#update();
    };
    this.#watch();
  }

  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || this.#leave()); // an element that only moves keeps its state
  }

  /** @param {string} name @param {string | null} _ @param {string | null} value */
  attributeChangedCallback(name, _, value) {
    if (name == "src") this.bundle = null;
    if (name == "alt") Object.assign(this.#internals, { role: value && "img", ariaLabel: value });
    if (/seed|grid|cell/.test(name)) {
      this.#fit();
      if (this.#texture) this.#begin();
    }
    this.#watch();
  }

  get #live() {
    if (!this.#texture) throw new Error("not loaded yet");
    return this.#texture;
  }

  /** Motion is not wanted. */
  get #calm() {
    return this.#motion.matches && !this.#asked;
  }

  /** Then it grows unseen, into a still. */
  get #growing() {
    return this.#calm && this.#live.stepCount < STILL;
  }

  /** Begins to look out for the first sight; again after an error. */
  #watch() {
    if (this.isConnected) this.#seen.observe(this);
    this.#update();
  }

  /** Loads at first sight, then moves or stands still. */
  #update() {
    const texture = this.#texture;
    if (texture) {
      texture.speed = this.#calm ? Infinity : this.speed;
      stage?.move(this.#frame, this.#visible && !this.paused && (this.#growing || !this.#calm));
    } else if (this.#visible && this.#size[0] * this.#size[1]) {
      this.#canvas.style.backgroundImage = this.poster && `url(${JSON.stringify(this.poster)})`;
      if (this.#bundle) this.#create(this.#bundle);
      else if (this.src && !this.#loading) this.#load();
    }
  }

  /** Elements of the same source share what one of them fetched. */
  async #load() {
    const { src } = this;
    const other = [...elements].find((other) => other.#loading && other.src == src);
    const loading = (this.#loading = other ? other.#loading : load(src));
    try {
      const bundle = await loading;
      if (loading != this.#loading) return; // another source by now
      this.#bundle = bundle;
      this.#update();
    } catch (error) {
      if (loading == this.#loading) this.#fail("network", error);
    }
  }

  /** @param {Bundle} bundle */
  #create(bundle) {
    const [width, height] = this.#grid;
    this.#try("format", () => {
      stage ??= new Stage();
      this.#texture = new Lasting(stage.gl, bundle, { width, height, seed: this.seed });
      tell(this, "load");
      this.#update();
    });
  }

  /** Step 0. */
  #begin() {
    this.#try("webgl", () => {
      this.#live.seed = this.seed;
      this.#live.resize(...this.#grid);
      this.#show();
    });
  }

  /** @param {Pace} pace */
  #frame = (pace) =>
    this.#try("shader", () => {
      if (this.#live.advance(pace) && !this.#growing) this.#show();
      this.#update();
    });

  #fit() {
    this.#cell = Math.max(1, Math.round(this.cell * devicePixelRatio)) / devicePixelRatio;
    const [width, height] = this.#size.map((length) => Math.ceil(length / this.#cell));
    const [, across, down = across] = this.grid.match(/^(\d+)(?:x(\d+))?$/) ?? [0, width, height];
    this.#grid = [+across, +down];
    Object.assign(this.#canvas, { width, height });
    this.#canvas.style.width = width * this.#cell + "px";
    if (this.#texture?.stepCount) this.#show();
  }

  #show() {
    const { width, height } = this.#canvas;
    const canvas = /** @type {HTMLCanvasElement} */ (this.#live.canvas);
    if (canvas.width < width) canvas.width = width;
    if (canvas.height < height) canvas.height = height;
    this.#live.draw(width, height);
    this.#canvas.getContext("2d")?.drawImage(canvas, 0, 0);
  }

  /** Wipes where a pointer goes that is down. */
  #stroke = (/** @type {PointerEvent} */ { type, button, pointerId, offsetX, offsetY }) => {
    const { brush } = this;
    const to = [offsetX, offsetY].map((length) => Math.floor(length / this.#cell));
    const from = type == "pointerdown" && !button ? to : this.#strokes.get(pointerId);
    const texture = this.#texture;
    if (!from || !brush || !texture) return;
    this.#canvas.setPointerCapture(pointerId);
    this.#strokes.set(pointerId, to);
    stroke((x, y, r) => texture.erase(x, y, r), from, to, brush);
    this.#show();
  };

  #leave() {
    elements.delete(this);
    this.#seen.disconnect();
    this.#sized.disconnect();
    this.#motion.onchange = null;
    this.#visible = false;
    this.#free();
    if (elements.size) return;
    stage?.gl.getExtension("WEBGL_lose_context")?.loseContext();
    stage = null;
  }

  #free() {
    stage?.move(this.#frame, false);
    this.#texture?.destroy();
    this.#texture = this.#loading = null;
    this.#canvas.width += 0; // clears it: the poster again
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
    this.#seen.disconnect();
    this.#visible = false;
    if (error instanceof SyntaxError) type = "format";
    if (error instanceof NoWebGL2 || error instanceof RangeError) type = "webgl"; // more than the device can
    console.error(error);
    tell(this, "error", { type, message: error.message });
  }
}

/** After what brought it about is done: a bundle's setter has returned, a context's textures are back. @param {Element} element @param {string} type @param {object} [detail] */
const tell = (element, type, detail) => setTimeout(() => element.dispatchEvent(new CustomEvent(type, { detail })));

/** An attribute's value, of the type that it has where absent. @param {string | null} text @param {string | number | boolean} absent */
function read(text, absent) {
  if (absent === false) return text != null;
  if (absent === "") return text ?? "";
  const number = parseFloat(text ?? "");
  return number >= 0 ? number : absent;
}

/** @param {string} url @returns {Promise<Bundle>} */
async function load(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
}

globalThis.customElements?.define("nca-texture", NcaTexture);
