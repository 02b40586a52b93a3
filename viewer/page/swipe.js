/** Swipes to the left or right with a finger. */

const SWIPE = 40; // CSS pixels

/** @param {HTMLElement} element @param {(by: 1 | -1) => void} turn goes to the next or the previous texture */
export function swipe(element, turn) {
  let began = 0;
  element.addEventListener("pointerdown", ({ clientX }) => (began = clientX));
  element.addEventListener("pointerup", ({ clientX }) => {
    if (Math.abs(clientX - began) > SWIPE) turn(clientX < began ? 1 : -1);
  });
}
