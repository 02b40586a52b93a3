/** Pointers that move the view: one drags it, two pinch it. */

/** @import { Stage } from "./stage.js" */

export class Hand {
  /** Where each pointer is, in CSS pixels. @type {Map<number, number[]>} */
  #points = new Map();

  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    stage.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      stage.magnify(2 ** (-event.deltaY / (event.deltaMode ? 10 : 300)), [event.clientX, event.clientY]);
    });
  }

  /** @param {number} pointer */
  holds(pointer) {
    return this.#points.has(pointer);
  }

  /** @param {PointerEvent} event */
  take({ pointerId, clientX, clientY }) {
    this.#points.set(pointerId, [clientX, clientY]);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const before = this.#spread();
    this.take(event);
    const after = this.#spread();
    this.stage.move(after.x - before.x, after.y - before.y);
    if (before.apart && after.apart) this.stage.magnify(after.apart / before.apart, [after.x, after.y]);
  }

  /** @param {number} pointer */
  drop(pointer) {
    this.#points.delete(pointer);
  }

  /** The middle of all pointers, and how far apart the first two are. */
  #spread() {
    const points = [...this.#points.values()];
    const [x, y] = [0, 1].map((i) => points.reduce((sum, point) => sum + point[i], 0) / points.length);
    const apart = points.length > 1 ? Math.hypot(points[1][0] - points[0][0], points[1][1] - points[0][1]) : 0;
    return { x, y, apart };
  }
}
