/**
 * The canvas of an element: a 2D canvas with a pixel per cell, or with as many as a decoder paints. The style sheet
 * scales it.
 */

/** @import { Automaton } from "../runtime/automaton.js" */
import { cellUnder } from "../runtime/cell.js";
import { detail } from "../runtime/decode.js";

const STYLE =
  ":host{display:inline-block;contain:strict;width:256px;height:256px}:host([hidden]){display:none}" +
  ":host([brush]){cursor:crosshair;touch-action:pan-y pinch-zoom}canvas{image-rendering:pixelated;background:center/cover}";

export class Screen {
  canvas = document.createElement("canvas");
  /** The cells across and down. */
  cells = [0, 0];
  /** Pixels of the canvas per cell. */
  #side = 1;
  /** CSS pixels per cell. A cell is a whole number of device pixels. */
  #cell = 1;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.root = element.attachShadow({ mode: "open" });
    this.root.append(this.canvas);
    this.dress();
  }

  /** Gives the element its style sheet. Each document needs a sheet of its own window, and jsdom has none. */
  dress() {
    const { CSSStyleSheet } = this.root.ownerDocument.defaultView ?? globalThis;
    if (!CSSStyleSheet?.prototype.replaceSync) return;
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    this.root.adoptedStyleSheets = [style];
  }

  /**
   * Gives the canvas as many cells as cover a size, and clears it.
   * @param {number[]} size in CSS pixels
   * @param {number} cell the wanted CSS pixels per cell. This rounds them to whole device pixels
   * @param {unknown} decoder of the texture, if it has one
   */
  fit(size, cell, decoder) {
    const { canvas } = this;
    const side = Math.max(1, Math.round(cell * devicePixelRatio));
    this.#cell = side / devicePixelRatio;
    this.#side = decoder ? detail(side) : 1;
    this.cells = size.map((length) => Math.ceil(length / this.#cell));
    [canvas.width, canvas.height] = this.cells.map((count) => count * this.#side);
    canvas.style.width = this.cells[0] * this.#cell + "px";
    canvas.style.imageRendering = side % this.#side ? "auto" : "";
  }

  /** @param {Automaton} texture */
  show(texture) {
    const { width, height } = this.canvas;
    const canvas = /** @type {HTMLCanvasElement} */ (texture.canvas);
    if (canvas.width < width) canvas.width = width;
    if (canvas.height < height) canvas.height = height;
    texture.scale = this.#side;
    texture.draw(width, height);
    this.canvas.getContext("2d")?.drawImage(canvas, 0, 0);
  }

  /** @param {string} poster the address of an image, shown behind the texture */
  set poster(poster) {
    this.canvas.style.backgroundImage = poster && `url(${JSON.stringify(poster)})`;
  }

  /** Returns the cell under a pointer. @param {PointerEvent} event */
  cell(event) {
    return cellUnder(event, this.canvas, this.#side);
  }
}
