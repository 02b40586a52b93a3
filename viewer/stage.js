/** The canvas, the texture that runs on it, and the part of the torus that the window shows. */

/** @import { Bundle, Options } from "./automaton.js" */
import { context } from "./automaton.js";
import { $ } from "./dom.js";
import { area, CELLS } from "./embedded.js";
import { compile } from "./passes.js";
import { Shown } from "./shown.js";

const SIDE_MOST = 4096; // canvas pixels across or down

/** Tells of "open" when another texture or grid is there, of "view" when another part of it is shown. */
export class Stage extends EventTarget {
  /** @type {Shown} */
  nca = /** @type {any} */ (null);
  /** Column and row in the window's upper left corner. */
  x = 0;
  y = 0;
  /** Device pixels a cell: whole ones, above one, and what was asked for. */
  zoom = 1;
  #asked = 1;
  tiled = true;
  smooth = false;
  /** @type {string | number} */
  show = "colour";

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.gl = context(canvas);
    addEventListener("resize", () => this.draw());
    canvas.addEventListener("webglcontextrestored", () => {
      this.nca.pass = this.#shows(this.nca.bundle);
      setTimeout(() => this.draw()); // after the texture is there again
    });
  }

  /** Another texture, at step 0, on a grid of this size or one as large as the window. @param {Bundle} bundle @param {Options} options */
  open(bundle, { width, height, seed }) {
    const side = Math.max(1, Math.floor(Math.hypot(...area()) / CELLS));
    const [across, down] = area().map((length) => Math.ceil(length / side));
    const opened = new Shown(this.gl, bundle, { width: width ?? across, height: height ?? down, seed });
    opened.pass = this.nca?.pass ?? this.#shows(bundle);
    const changed = opened.width != this.nca?.width || opened.height != this.nca?.height;
    this.nca?.destroy();
    this.nca = Object.assign(this.canvas, { nca: opened }).nca; // the canvas's own for tests and the curious
    this.show = "colour";
    if (changed) this.fit();
    this.dispatchEvent(new Event("open"));
    this.draw();
  }

  /** The whole grid in the window, its cells as large as fit. */
  fit() {
    const { width, height } = this.nca;
    const [across, down] = area();
    const most = Math.min(across / width, down / height);
    this.#magnify(most > 1 ? Math.floor(most + 0.1) : most); // of a grid made for the window the last cells may not fit
    [this.x, this.y] = this.tiled ? [0, 0] : [(width - across / this.zoom) / 2, (height - down / this.zoom) / 2];
    this.draw();
  }

  /** Magnifies about a point in CSS pixels. @param {number} times @param {number[]} point */
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

  /** The cell under a point in CSS pixels; columns and rows go on beyond the grid. @param {{ clientX: number, clientY: number }} point */
  cell({ clientX, clientY }) {
    const cells = devicePixelRatio / this.zoom;
    return [Math.floor(this.x + clientX * cells), Math.floor(this.y + clientY * cells)];
  }

  /** The middle of a cell in CSS pixels. @param {number[]} cell */
  point([column, row]) {
    const side = this.zoom / devicePixelRatio;
    return [(column + 0.5 - this.x) * side, (row + 0.5 - this.y) * side];
  }

  /** A canvas pixel a cell, enlarged by the browser, which costs less than drawing each. */
  draw() {
    const { canvas, nca, tiled, zoom } = this;
    const [x, y] = tiled ? [Math.floor(this.x), Math.floor(this.y)] : [0, 0];
    const [width, height] = tiled
      ? area().map((length, i) => Math.ceil(length / zoom + [this.x - x, this.y - y][i]))
      : [nca.width, nca.height];
    if (canvas.width != width) canvas.width = width;
    if (canvas.height != height) canvas.height = height;
    const side = zoom / devicePixelRatio;
    const [left, top, across, down] = [x - this.x, y - this.y, width, height].map((cells) => cells * side + "px");
    const imageRendering = this.smooth || zoom < 1 ? "auto" : "pixelated";
    Object.assign(canvas.style, { left, top, width: across, height: down, imageRendering });
    nca.view = { x, y, show: this.show };
    nca.draw();
    this.dispatchEvent(new Event("view"));
  }

  /** The pass that shows, for all textures the same. @param {Bundle} bundle */
  #shows({ shaders }) {
    return compile(this.gl, shaders.vertex, $("[type*=glsl]").innerHTML);
  }

  /** @param {number} zoom */
  #magnify(zoom) {
    const least = Math.max(0.5, Math.max(...area()) / SIDE_MOST);
    this.#asked = Math.min(Math.max(zoom, least), 64);
    this.zoom = this.#asked > 1 ? Math.round(this.#asked) : this.#asked;
  }
}
