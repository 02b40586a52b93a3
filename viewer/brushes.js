/** Brushes under mouse, pen, several fingers and keys. What they do to the cells is the texture's own. */

/** @import { Stage } from "./stage.js" */
import { $, say } from "./dom.js";
import { Hand } from "./hand.js";
import { stroke } from "./stroke.js";

const HOLD = 400; // ms that a pointer rests before its disc grows
const GROWTH = 1.03; // a frame

/** @typedef {{ at: number[], r: number, since: number }} Touch a pointer's last cell, its radius, since when it rests */

export class Brushes {
  /** Those of the stroke at hand. @type {Map<number, Touch>} */
  #touches = new Map();
  /** What the brush says beside its disc. @type {number[]} */
  #more = [];
  #cursor = [0, 0];
  /** Whether the ring shows the brush: not where a finger is. */
  #aimed = false;

  /** @param {Stage} stage @param {() => number} ink gives the number of the texture to paint, in this field */
  constructor(stage, ink) {
    this.stage = stage;
    this.ink = ink;
    this.hand = new Hand(stage);
    const { canvas } = stage;
    canvas.onpointerdown = (event) => this.#press(event);
    canvas.onpointermove = (event) => this.#follow(event);
    canvas.onpointerleave = () => this.#aim(false);
    canvas.onlostpointercapture = ({ pointerId }) => {
      this.#touches.delete(pointerId);
      this.hand.drop(pointerId);
    };
    $("#size").oninput = () => this.#aim(this.#aimed);
    $("#undo").onclick = () => this.#undo();
    $("#clear").onclick = () => this.clear();
    stage.addEventListener("view", () => this.#aim(this.#aimed));
  }

  /** Back to the middle of a new grid, at a size that suits it. */
  begin() {
    const { width, height } = this.stage.nca;
    this.#cursor = [width >> 1, height >> 1];
    $("#size").value = `${Math.ceil(Math.min(width, height) / 16)}`;
  }

  get kind() {
    return $("[name=brush]:checked").value;
  }

  /** The brush at this place among those shown, or the one after the one at hand. @param {number} [place] */
  choose(place) {
    const brushes = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("label:not([hidden]) > [name=brush]"));
    const next = [...brushes].findIndex((each) => each.checked) + 1;
    brushes[place ?? next % brushes.length]?.click();
  }

  /** Moves the keyboard's brush. @param {number} right @param {number} down in half brushes */
  step(right, down) {
    const half = Math.ceil((+$("#size").value || 1) / 2);
    const [least, most] = [0, 1].map((end) =>
      this.stage.cell({ clientX: end * (innerWidth - 1), clientY: end * (innerHeight - 1) }),
    );
    this.#cursor = this.#cursor.map((at, i) => Math.min(Math.max(at + [right, down][i] * half, least[i]), most[i]));
    this.#aim(true);
  }

  /** Uses the keyboard's brush. */
  use() {
    if (this.kind == "move") return;
    if (this.#begin()) this.#paint(this.#cursor, this.#cursor, +$("#size").value);
  }

  /** Everything to zero, as a stroke. */
  clear() {
    const { nca } = this.stage;
    nca.stroke();
    nca.keep();
    nca.brush("erase", 0, 0, nca.width + nca.height);
    nca.draw();
    say("Cleared.");
  }

  async #undo() {
    const { nca } = this.stage;
    say((await nca.undo()) ? "" : "There is no stroke to undo.");
    nca.draw();
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button > 1) return;
    this.stage.canvas.setPointerCapture(event.pointerId);
    if (event.button || this.kind == "move") return this.hand.take(event);
    this.#follow(event);
    if (!this.#touches.size && !this.#begin()) return;
    const at = this.#cursor;
    const r = +$("#size").value;
    this.#paint(at, at, r);
    if (!this.#touches.size) requestAnimationFrame(this.#grow);
    this.#touches.set(event.pointerId, { at, r, since: performance.now() });
  }

  /** @param {PointerEvent} event */
  #follow(event) {
    const { pointerId, pointerType } = event;
    if (this.hand.holds(pointerId)) return this.hand.move(event);
    this.#cursor = this.stage.cell(event);
    this.#aim(pointerType != "touch" && this.kind != "move");
    const touch = this.#touches.get(pointerId);
    if (!touch) return;
    this.#paint(touch.at, this.#cursor, Math.round(touch.r));
    Object.assign(touch, { at: this.#cursor, since: performance.now() });
  }

  /** A pointer that is held still paints ever more around it. */
  #grow = () => {
    if (this.#touches.size) requestAnimationFrame(this.#grow);
    for (const touch of this.#touches.values()) {
      if (performance.now() - touch.since < HOLD) continue;
      const before = Math.round(touch.r);
      touch.r = Math.min(touch.r * GROWTH + 0.1, this.stage.nca.width);
      if (Math.round(touch.r) > before) this.#paint(touch.at, touch.at, Math.round(touch.r));
    }
  };

  /** Begins what undo takes back, and keeps what restore puts back. @returns whether the brush can paint */
  #begin() {
    const { nca } = this.stage;
    try {
      this.#more = this.kind == "own" ? [this.ink()] : this.kind == "slow" ? [+$("#slow").value] : [];
    } catch (error) {
      say(/** @type {Error} */ (error).message); // these two rules cannot share a field
      return false;
    }
    nca.stroke();
    if (this.kind != "restore") nca.keep();
    return true;
  }

  /** @param {number[]} from @param {number[]} to @param {number} r */
  #paint(from, to, r) {
    const { nca } = this.stage;
    stroke((x, y) => nca.brush(this.kind, x, y, r, ...this.#more), from, to, r);
    say("");
    nca.draw();
    this.#aim(this.#aimed, r);
  }

  /** @param {boolean} shown */
  #aim(shown, r = +$("#size").value) {
    const [left, top] = this.stage.point(this.#cursor);
    const side = ((2 * r + 1) * this.stage.zoom) / devicePixelRatio;
    const [x, y, width] = [left, top, side].map((length) => length + "px");
    Object.assign($("#ring").style, { left: x, top: y, width, height: width });
    $("#ring").hidden = !shown;
    this.#aimed = shown;
  }
}
