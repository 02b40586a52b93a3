/** The page for an <iframe>: the texture alone, which a pointer wipes. */

import { begin, cell, fit } from "./begin.js";
import { settings } from "./embedded.js";
import { Player } from "./player.js";
import { stroke } from "./stroke.js";

const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("canvas"));
const still = matchMedia("(prefers-reduced-motion: reduce)");
onerror = (message) => (document.body.textContent = `${message}`);

const { nca, scale } = begin(canvas);
const player = new Player(nca);
const radius = Math.ceil(Math.min(nca.width, nca.height) / 16);

function show() {
  fit(canvas, scale);
  nca.draw();
}

/** The last cell of each pointer that is down. @type {Map<number, number[]>} */
const strokes = new Map();

/** @param {PointerEvent} event */
function wipe(event) {
  const to = cell(scale, event);
  stroke((x, y, r) => nca.erase(x, y, r), strokes.get(event.pointerId) ?? to, to, radius);
  strokes.set(event.pointerId, to);
  nca.draw();
}

/** Who wants no motion sees a grown still. */
function live() {
  if (!still.matches) return player.play();
  player.pause();
  nca.step(256);
  nca.draw();
}

canvas.onpointerdown = (/** @type {PointerEvent} */ event) => {
  canvas.setPointerCapture(event.pointerId);
  wipe(event);
};
canvas.onpointermove = (/** @type {PointerEvent} */ event) => strokes.has(event.pointerId) && wipe(event);
canvas.onlostpointercapture = (/** @type {PointerEvent} */ event) => strokes.delete(event.pointerId);
onresize = show;
still.onchange = live;
show();
if (!settings().paused) live();
