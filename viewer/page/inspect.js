/**
 * The panel that shows the inside of a texture: each channel as an image, the mask, a histogram, the pace and
 * facts about the rule.
 */

/** @import { Stage } from "./stage.js" */
/** @import { Gallery } from "./gallery.js" */
import { $ } from "./dom.js";
import { grouped, weight } from "./gallery.js";

const EVERY = 500; // ms between two updates
const SIDE = 64; // pixels: the side of a channel's image
const SAMPLE = 128; // cells across and down in the histogram
const TIMED = 4; // steps in a time measurement
const COLOURS = ["#f44a", "#2a4a", "#48fa"];

export class Inspector {
  #timer = 0;
  #before = { at: 0, steps: 0 };

  /** @param {Stage} stage @param {Gallery} gallery */
  constructor(stage, gallery) {
    this.stage = stage;
    this.gallery = gallery;
    $("#inside").addEventListener("open", () => this.#begin());
    $("#shows").onchange = ({ target }) => {
      stage.show = shown(/** @type {HTMLInputElement} */ (target).value);
      stage.draw();
    };
  }

  /** Lists what the panel can show of a texture. */
  begin() {
    const { nca } = this.stage;
    const channels = Array.from({ length: nca.bundle.channels }, (_, k) => [`${k}`, `channel ${k}`]);
    const shows = [["colour", "colour"], ...channels, ["mask", "mask"]];
    $("#shows").replaceChildren(...shows.map(([value, name]) => tile(value, name)));
    $("#shows input").checked = true;
    this.#begin();
  }

  #begin() {
    this.#before = { at: performance.now(), steps: this.stage.nca.stepCount };
    this.#look();
  }

  /** Updates the panel repeatedly while it is open. */
  #look() {
    clearTimeout(this.#timer);
    if ($("#inside").hidden) return;
    this.#numbers();
    this.#pictures();
    this.#histogram();
    this.#timer = setTimeout(() => this.#look(), EVERY);
  }

  #numbers() {
    const { nca } = this.stage;
    const { channels, hidden, decoder, provenance } = this.gallery.bundle;
    const { parameters, bytes } = weight(this.gallery.bundle);
    const took = nca.playing ? this.#time() : 0;
    const [now, before] = [{ at: performance.now(), steps: nca.stepCount }, this.#before];
    const pace = (Math.max(0, now.steps - before.steps) / (now.at - before.at)) * 1000; // steps per second
    this.#before = now;
    const facts = {
      Rule: `${channels} channels, ${hidden} hidden units`,
      Decoder: decoder && `${decoder.units} hidden units, ${decoder.grain} of grain`,
      Weights: `${grouped(parameters)} parameters, ${grouped(bytes)} bytes`,
      "Trained on": provenance?.picture,
      Grid: `${nca.width} x ${nca.height} cells`,
      Step: grouped(nca.stepCount),
      "A step takes": took && `${took.toFixed(2)} ms`,
      "A second":
        pace &&
        `${grouped(Math.round(pace))} steps, ${((pace * nca.width * nca.height) / 1e6).toFixed(1)} million cells`,
    };
    const shown = Object.entries(facts).filter(([, fact]) => fact);
    $("#inside dl").replaceChildren(...shown.flatMap(([name, fact]) => [text("dt", name), text("dd", `${fact}`)]));
  }

  /** Measures the milliseconds per step on the device. Reading a texel waits until the steps are done. */
  #time() {
    const { gl, nca } = this.stage;
    const wait = () => gl.readPixels(0, 0, 1, 1, gl.RGBA_INTEGER, gl.INT, new Int32Array(4));
    nca.step(); // leaves the state's framebuffer bound
    wait();
    const began = performance.now();
    nca.step(TIMED);
    wait();
    return (performance.now() - began) / TIMED;
  }

  #pictures() {
    for (const tile of document.querySelectorAll("#shows label")) {
      const { value } = $("input", tile);
      this.#draw(/** @type {HTMLCanvasElement} */ (tile.querySelector("canvas")), shown(value), SIDE);
    }
  }

  #histogram() {
    const canvas = document.createElement("canvas");
    const context = this.#draw(canvas, "colour", SAMPLE);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const counts = [0, 1, 2].map(() => new Uint32Array(256));
    data.forEach((byte, i) => i % 4 < 3 && counts[i % 4][byte]++);
    plot(counts);
  }

  /**
   * Draws a square of cells. It is not larger than the window's canvas.
   * @param {HTMLCanvasElement} canvas @param {string | number} show @param {number} most the largest side
   */
  #draw(canvas, show, most) {
    const { stage } = this;
    const side = Math.min(most, stage.canvas.width, stage.canvas.height);
    canvas.width = canvas.height = side;
    stage.view.whole(show, () => stage.nca.draw(side, side));
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    context.drawImage(stage.canvas, 0, 0);
    stage.nca.draw();
    return context;
  }
}

/** Converts the text of a choice to a channel's number, or to a name. @param {string} value */
const shown = (value) => (/^\d/.test(value) ? +value : value);

/** @param {string} tag @param {string} content */
function text(tag, content) {
  const made = document.createElement(tag);
  made.textContent = content;
  return made;
}

/** Makes a choice of what to show, with an image of it. @param {string} value @param {string} name */
function tile(value, name) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "radio", name: "show", value });
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  label.append(input, canvas, name);
  return label;
}

/** @param {Uint32Array[]} counts of red, green and blue bytes */
function plot(counts) {
  const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("#histogram"));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const { width, height } = canvas;
  const most = Math.max(...counts.flatMap((each) => [...each.subarray(1, 255)]), 1); // the ends hold clipped values
  context.clearRect(0, 0, width, height);
  counts.forEach((each, i) => {
    context.fillStyle = COLOURS[i];
    each.forEach((count, byte) => context.fillRect(byte, height, 1, (-height * count) / most));
  });
}
