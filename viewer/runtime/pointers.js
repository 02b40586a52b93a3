/** Strokes of pointers: the mouse, a pen, or several fingers. */

/**
 * Stamps discs along a line from one cell to another, close enough to leave no gap.
 * @param {(x: number, y: number, r: number) => void} stamp
 * @param {number[]} from @param {number[]} to @param {number} r
 */
export function stroke(stamp, [x, y], to, r) {
  const [across, down] = [to[0] - x, to[1] - y];
  for (let part = 1; part > 0; part -= Math.max(1, r / 2) / Math.hypot(across, down))
    stamp(Math.round(x + across * part), Math.round(y + down * part), r);
}

/**
 * Follows each pointer after its first button is pressed.
 * @param {HTMLElement} element
 * @param {(event: PointerEvent) => number[] | 0 | null | undefined} cell returns the cell
 *   under a pointer, or nothing where the pointer has no effect
 * @param {(from: number[], to: number[], pointer: number) => void} draw draws from the pointer's last cell to its cell.
 *   For a press the two are the same
 */
export function followPointers(element, cell, draw) {
  /** The last cell of each pointer that is down. @type {Map<number, number[]>} */
  const last = new Map();
  element.onpointerdown = element.onpointermove = (event) => {
    const { type, button, pointerId } = event;
    const to = cell(event);
    const from = type == "pointerdown" && !button ? to : last.get(pointerId);
    if (!from || !to) return;
    element.setPointerCapture(pointerId);
    last.set(pointerId, to);
    draw(from, to, pointerId);
  };
  element.onlostpointercapture = ({ pointerId }) => last.delete(pointerId);
}
