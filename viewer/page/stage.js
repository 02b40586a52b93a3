/** The canvas, the texture that runs on it, and the part of the torus that is in the window. */

/** @import { Bundle, Options } from "../runtime/automaton.js" */
import { area, CELLS, OUTGROWN, texts } from "../data/embedded.js";
import { context } from "../runtime/automaton.js";
import { detail } from "../runtime/decode.js";
import { Ease, FINEST } from "../runtime/ease.js";
import { Texture } from "../runtime/texture.js";
import { Session } from "../session/session.js";
import { Strokes } from "../session/strokes.js";
import { View } from "./view.js";

const SIDE_MOST = 4096; // pixels: the limit of the canvas's width and height. A wider window has a wider canvas

/** Dispatches "open" after another texture or grid was opened, and "view" after each draw. */
export class Stage extends EventTarget {
  /** @type {Texture} */
  nca = /** @type {any} */ (null);
  /** The run of the texture. @type {Session} */
  session = /** @type {any} */ (null);
  /** @type {View} */
  view;
  /** The column and row in the window's upper left corner. */
  x = 0;
  y = 0;
  /** Device pixels per cell. Above 1, zoom is a whole number and #asked keeps the exact value. */
  zoom = 1;
  #asked = 1;
  tiled = true;
  smooth = false;
  /** The detail that the user chose: pixels per cell, across and down. At 0 the zoom and the device choose. */
  chosen = 0;
  /** The texture and the options that were opened, and the window's width and height when the view was fitted. */
  #opened = /** @type {[Bundle, Options]} */ (/** @type {unknown} */ (null));
  #fitted = [0, 0];
  /** @type {Ease} */
  #ease = new Ease(
    () => (this.chosen ? 1 : this.detail),
    () => this.draw(),
  );
  /** @type {string | number} */
  show = "colour";

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.gl = context(canvas);
    this.view = new View(this.gl, texts()[5]);
    addEventListener("resize", () => this.#resize());
    canvas.addEventListener("webglcontextrestored", () => {
      this.view.renew(this.nca.bundle);
      this.session.painter.renew();
      setTimeout(() => this.draw()); // after the texture is restored
    });
  }

  /**
   * Opens another texture, at step 0. The default grid is as large as the window.
   * @param {Bundle} bundle @param {Options} options
   */
  open(bundle, options) {
    const { width, height, seed } = options;
    const side = Math.max(1, Math.floor(Math.hypot(...area()) / CELLS));
    const [across, down] = area().map((length) => Math.ceil(length / side) || 1); // a frame may be hidden
    const history = new Strokes();
    const opened = new Texture(this.gl, bundle, { width: width ?? across, height: height ?? down, seed }, history);
    if (!this.view.pass) this.view.renew(bundle);
    opened.automaton.show = this.view.show;
    this.#ease.watch(opened.automaton);
    const changed = opened.width != this.nca?.width || opened.height != this.nca?.height;
    this.nca?.destroy();
    this.nca = opened;
    this.#opened = [bundle, options];
    this.session = new Session(opened, history);
    Object.assign(this.canvas, { nca: opened, session: this.session, view: this.view }); // for tests and the console
    this.show = "colour";
    if (changed) this.fit();
    this.dispatchEvent(new Event("open"));
    this.draw();
  }

  /** Shows the whole grid in the window, with cells as large as fit. */
  fit() {
    const { width, height } = this.nca;
    const [across, down] = (this.#fitted = area());
    const most = Math.min(across / width, down / height);
    // A grid that was made for the window may be a part of a cell larger than the window, hence the 0.1.
    this.#magnify(most > 1 ? Math.floor(most + 0.1) : most);
    [this.x, this.y] = this.tiled ? [0, 0] : [(width - across / this.zoom) / 2, (height - down / this.zoom) / 2];
    this.draw();
  }

  /** Magnifies the view. A point in CSS pixels stays in place. @param {number} times @param {number[]} point */
  magnify(times, [x, y] = [innerWidth / 2, innerHeight / 2]) {
    const before = this.zoom;
    this.#magnify(this.#asked * times);
    const cells = devicePixelRatio / before - devicePixelRatio / this.zoom;
    this.x += x * cells;
    this.y += y * cells;
    this.draw();
  }

  /** Moves the texture by CSS pixels. @param {number} right @param {number} down */
  move(right, down) {
    this.x -= (right * devicePixelRatio) / this.zoom;
    this.y -= (down * devicePixelRatio) / this.zoom;
    this.draw();
  }

  /**
   * Returns the cell under a point in CSS pixels. Columns and rows continue beyond the grid.
   * @param {{ clientX: number, clientY: number }} point
   */
  cell({ clientX, clientY }) {
    const cells = devicePixelRatio / this.zoom;
    return [Math.floor(this.x + clientX * cells), Math.floor(this.y + clientY * cells)];
  }

  /** Returns the middle of a cell in CSS pixels. @param {number[]} cell */
  point([column, row]) {
    const side = this.zoom / devicePixelRatio;
    return [(column + 0.5 - this.x) * side, (row + 0.5 - this.y) * side];
  }

  /** Whether a decoder paints a part of the field. */
  get decoded() {
    return this.session.painter.bundles.some(({ decoder }) => decoder);
  }

  /** Pixels of the canvas per cell, across and down: more than one only where a decoder paints them. @returns {number} */
  get detail() {
    if (!this.decoded || this.show != "colour") return 1;
    const side = Math.max(...area());
    let d = this.chosen || Math.min(detail(this.zoom), this.#ease.most);
    while (d > 1 && (side * d) / this.zoom > Math.max(SIDE_MOST, side)) d /= 2;
    return d;
  }

  /** Whether the browser scales the canvas smoothly: as the user chose, and where a pixel is not a whole square. */
  get smoothing() {
    const { zoom, detail } = this;
    return this.smooth || zoom < detail || (zoom % detail > 0 && zoom <= FINEST);
  }

  /**
   * Draws the cells in the window. The canvas has a pixel per cell, or as many as the detail says. The browser scales
   * the canvas: this costs less than drawing every device pixel.
   */
  draw() {
    const { canvas, nca, detail } = this;
    const [[x, width], [y, height]] = this.#window();
    if (canvas.width != width * detail) canvas.width = width * detail;
    if (canvas.height != height * detail) canvas.height = height * detail;
    const side = this.zoom / devicePixelRatio;
    const [left, top, across, down] = [x - this.x, y - this.y, width, height].map((cells) => cells * side + "px");
    const imageRendering = this.smoothing ? "auto" : "pixelated";
    Object.assign(canvas.style, { left, top, width: across, height: down, imageRendering });
    this.view.look = { x, y, show: this.show };
    nca.scale = detail;
    nca.draw();
    this.dispatchEvent(new Event("view"));
  }

  /**
   * Draws in a window of another size. A frame may be hidden or tiny while it loads. When it has grown, the texture
   * begins anew on a grid of its shape, unless the user has chosen another grid or has painted.
   */
  #resize() {
    const grown = area().some((length, i) => length > OUTGROWN * this.#fitted[i]);
    if (!this.nca || !grown) return this.nca && this.draw();
    const [bundle, options] = this.#opened;
    if (!options.width && !this.session.history.events.length) this.open(bundle, options);
    this.fit();
  }

  /** The first column in the window and the number of columns, and the same of the rows. */
  #window() {
    const { zoom, nca } = this;
    return area().map((length, i) => {
      const [at, cells] = [[this.x, this.y][i], [nca.width, nca.height][i]];
      const first = Math.floor(at);
      const count = Math.ceil(length / zoom + at - first);
      if (this.tiled) return [first, count];
      const seen = Math.min(Math.max(first, 0), cells - 1); // the canvas shows a cell at least
      return [seen, Math.max(1, Math.min(first + count, cells) - seen)];
    });
  }

  /** Sets the zoom within its limits. @param {number} zoom */
  #magnify(zoom) {
    const least = Math.max(0.5, Math.max(...area()) / SIDE_MOST);
    this.#asked = Math.min(Math.max(zoom, least), 64);
    this.zoom = this.#asked > 1 ? Math.round(this.#asked) : this.#asked;
  }
}
