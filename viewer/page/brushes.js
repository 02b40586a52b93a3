/** Brushes for the mouse, a pen, several fingers and the keyboard. The session changes the cells. */

/** @import { Stage } from "./stage.js" */
import { $, say } from "./dom.js";
import { Hand } from "./hand.js";
import { followPointers, stroke } from "../runtime/pointers.js";

const HOLD = 400; // ms: after this long at rest, a pointer's disc grows
const GROWTH = 1.03; // the factor per frame

/** @typedef {{ at: number[], r: number, since: number }} Touch a pointer's cell and radius, and its last move */

export class Brushes {
  /** The touches of the current stroke. @type {Map<number, Touch>} */
  #touches = new Map();
  /** The numbers that the brush needs besides its disc. @type {number[]} */
  #more = [];
  #cursor = [0, 0];
  /** Whether the ring shows the brush. A finger has no ring. */
  #aimed = false;

  /** @param {Stage} stage @param {() => number} ink returns the owner number of the texture to paint */
  constructor(stage, ink) {
    this.stage = stage;
    this.ink = ink;
    this.hand = new Hand(stage, () => this.kind == "move");
    const { canvas } = stage;
    for (const type of /** @type {const} */ (["pointerdown", "pointermove"]))
      canvas.addEventListener(type, (event) => this.#hover(event));
    canvas.onpointerleave = () => this.#aim(false);
    canvas.addEventListener("lostpointercapture", ({ pointerId }) => this.#touches.delete(pointerId));
    followPointers(
      canvas,
      (event) => (this.kind == "move" ? null : stage.cell(event)),
      (from, to, pointer) => this.#touch(from, to, pointer),
    );
    $("#size").oninput = () => this.#aim(this.#aimed);
    $("#undo").onclick = () => this.#undo();
    $("#clear").onclick = () => this.clear();
    stage.addEventListener("view", () => this.#aim(this.#aimed));
  }

  /** Moves the brush to the middle of a new grid and sets a size that suits the grid. */
  begin() {
    const { width, height } = this.stage.nca;
    this.#cursor = [width >> 1, height >> 1];
    $("#size").value = `${Math.ceil(Math.min(width, height) / 16)}`;
  }

  get kind() {
    return $("[name=brush]:checked").value;
  }

  /**
   * Chooses the brush at this place among the visible ones. Without a place, chooses the next brush.
   * @param {number} [place]
   */
  choose(place) {
    const brushes = /** @type {NodeListOf<HTMLInputElement>} */ (
      document.querySelectorAll("label:not([hidden]) > [name=brush]")
    );
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

  /** Sets all cells to zero, as a stroke. */
  clear() {
    const { nca, session } = this.stage;
    session.stroke();
    session.keep();
    session.brush("erase", 0, 0, nca.width + nca.height);
    nca.draw();
    say("Cleared.");
  }

  async #undo() {
    const { nca, session } = this.stage;
    say((await session.undo()) ? "" : "There is no stroke to undo.");
    nca.draw();
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    if (this.hand.holds(event.pointerId)) return;
    this.#cursor = this.stage.cell(event);
    this.#aim(event.pointerType != "touch" && this.kind != "move");
  }

  /**
   * Paints while a pointer goes from one cell to another. For a press the two cells are the same.
   * @param {number[]} from @param {number[]} to @param {number} pointer
   */
  #touch(from, to, pointer) {
    const touch = this.#touches.get(pointer);
    if (!touch) return from == to && this.#press(to, pointer);
    this.#paint(from, to, Math.round(touch.r));
    Object.assign(touch, { at: to, since: performance.now() });
  }

  /** @param {number[]} at @param {number} pointer */
  #press(at, pointer) {
    if (!this.#touches.size && !this.#begin()) return;
    const r = +$("#size").value;
    this.#paint(at, at, r);
    if (!this.#touches.size) requestAnimationFrame(this.#grow);
    this.#touches.set(pointer, { at, r, since: performance.now() });
  }

  /** Grows the disc of each pointer that is held still. */
  #grow = () => {
    if (this.#touches.size) requestAnimationFrame(this.#grow);
    for (const touch of this.#touches.values()) {
      if (performance.now() - touch.since < HOLD) continue;
      const before = Math.round(touch.r);
      touch.r = Math.min(touch.r * GROWTH + 0.1, this.stage.nca.width);
      if (Math.round(touch.r) > before) this.#paint(touch.at, touch.at, Math.round(touch.r));
    }
  };

  /** Starts a stroke for undo, and saves the state for the "restore" brush. @returns whether the brush can paint */
  #begin() {
    const { session } = this.stage;
    try {
      this.#more = this.kind == "own" ? [this.ink()] : this.kind == "slow" ? [+$("#slow").value] : [];
    } catch (error) {
      say(/** @type {Error} */ (error).message); // these two rules cannot share a field
      return false;
    }
    session.stroke();
    if (this.kind != "restore") session.keep();
    if (this.kind == "own") this.stage.draw(); // the new owner may have a decoder
    return true;
  }

  /** @param {number[]} from @param {number[]} to @param {number} r */
  #paint(from, to, r) {
    const { nca, session } = this.stage;
    stroke((x, y) => session.brush(this.kind, x, y, r, ...this.#more), from, to, r);
    say("");
    nca.draw();
    this.#aim(this.#aimed, r);
  }

  /** Places the ring and shows or hides it. @param {boolean} shown */
  #aim(shown, r = +$("#size").value) {
    const [left, top] = this.stage.point(this.#cursor);
    const side = ((2 * r + 1) * this.stage.zoom) / devicePixelRatio;
    const [x, y, width] = [left, top, side].map((length) => length + "px");
    Object.assign($("#ring").style, { left: x, top: y, width, height: width });
    $("#ring").hidden = !shown;
    this.#aimed = shown;
  }
}
