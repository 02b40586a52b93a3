/** Left or right with a finger. */

const SWIPE = 40; // CSS pixels

/** @param {HTMLElement} element @param {(by: 1 | -1) => void} turn to the next or the one before */
export function swipe(element, turn) {
  let began = 0;
  element.addEventListener("pointerdown", ({ clientX }) => (began = clientX));
  element.addEventListener("pointerup", ({ clientX }) => {
    if (Math.abs(clientX - began) > SWIPE) turn(clientX < began ? 1 : -1);
  });
}
