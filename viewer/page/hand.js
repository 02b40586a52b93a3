/** Pointers that move the view. One pointer drags it, and two pinch it. */

/** @import { Stage } from "./stage.js" */
import { framed } from "./dom.js";

export class Hand {
  /** The position of each pointer, in CSS pixels. @type {Map<number, number[]>} */
  #points = new Map();

  /**
   * @param {Stage} stage
   * @param {() => boolean} wanted whether the first button moves the view. The middle button always does
   */
  constructor(stage, wanted) {
    this.stage = stage;
    stage.canvas.addEventListener("pointerdown", (event) => {
      if (event.button == 1 || (!event.button && wanted())) this.#take(event);
    });
    stage.canvas.addEventListener("pointermove", (event) => this.holds(event.pointerId) && this.#move(event));
    stage.canvas.addEventListener("lostpointercapture", ({ pointerId }) => this.#points.delete(pointerId));
    stage.canvas.addEventListener("wheel", (event) => {
      if (framed() && !event.ctrlKey) return; // the page around the frame scrolls
      event.preventDefault();
      stage.magnify(2 ** (-event.deltaY / (event.deltaMode ? 10 : 300)), [event.clientX, event.clientY]);
    });
  }

  /** Whether a pointer is moving the view. @param {number} pointer */
  holds(pointer) {
    return this.#points.has(pointer);
  }

  /** @param {PointerEvent} event */
  #take({ pointerId, clientX, clientY }) {
    this.stage.canvas.setPointerCapture(pointerId);
    this.#points.set(pointerId, [clientX, clientY]);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const before = this.#spread();
    this.#take(event);
    const after = this.#spread();
    this.stage.move(after.x - before.x, after.y - before.y);
    if (before.apart && after.apart) this.stage.magnify(after.apart / before.apart, [after.x, after.y]);
  }

  /** The middle of all pointers, and the distance of the first two. */
  #spread() {
    const points = [...this.#points.values()];
    const [x, y] = [0, 1].map((i) => points.reduce((sum, point) => sum + point[i], 0) / points.length);
    const apart = points.length > 1 ? Math.hypot(points[1][0] - points[0][0], points[1][1] - points[0][1]) : 0;
    return { x, y, apart };
  }
}
