/**
 * Returns the cell under a pointer. The style sheet may give the canvas any size, and zoom it.
 * @param {MouseEvent} event @param {HTMLCanvasElement} canvas @param {number} side of a cell, in pixels of the canvas
 */
export function cellUnder({ clientX, clientY }, canvas, side) {
  const { left, top, width } = canvas.getBoundingClientRect();
  return [clientX - left, clientY - top].map((length) => Math.floor((length * canvas.width) / width / side));
}
