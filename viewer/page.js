/** The page that `nca export` writes: one texture that fills the window, under fingers, mouse and keys. */

import { begin, cell, fit, settings } from "./begin.js";
import { NoWebGL2, Texture } from "./nca.js";
import { stroke } from "./stroke.js";

const $ = (/** @type {string} */ selector) => /** @type {HTMLInputElement} */ (document.querySelector(selector));
const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("canvas"));
const [ring, play, size, speed, hint] = ["#ring", "#play", "#size", "#speed", "p"].map($);
const still = matchMedia("(prefers-reduced-motion: reduce)");
const paused = settings().has("paused");

addEventListener("error", ({ error, message }) => {
  document.body.className = "failed";
  hint.textContent =
    error instanceof NoWebGL2 ? "This needs WebGL2: try another browser, or hardware acceleration." : message;
});

const { nca, scale } = begin(Texture, canvas);
let cursor = [nca.width >> 1, nca.height >> 1];
/** The last cell of each pointer that is down. @type {Map<number, number[]>} */
const strokes = new Map();

/** @param {boolean} on */
function run(on) {
  on ? nca.play() : nca.pause();
  play.textContent = on ? "Pause" : "Play";
}

function show() {
  fit(canvas, scale);
  nca.draw();
}

const brush = () => /** @type {"erase" | "restore"} */ ($(":checked").value);

/** Before a wipe the state is kept: that is what the other brush restores. */
const keep = () => brush() == "erase" && !strokes.size && nca.keep();

/** Up to the cursor. @param {number[]} from */
function paint(from) {
  stroke((x, y, r) => nca[brush()](x, y, r), from, cursor, +size.value);
  hint.textContent = "";
  nca.draw();
}

/** The ring shows where the brush is. @param {boolean} shown */
function aim(shown) {
  const [left, top, width] = [cursor[0] + 0.5, cursor[1] + 0.5, 2 * +size.value + 1].map(
    (cells) => (cells * scale) / devicePixelRatio + "px",
  );
  Object.assign(ring.style, { left, top, width, height: width });
  ring.hidden = !shown;
}

/** @param {PointerEvent} event */
function point(event) {
  const { pointerId, pointerType } = event;
  cursor = cell(scale, event);
  aim(pointerType != "touch");
  const last = strokes.get(pointerId);
  if (!last) return;
  paint(last);
  strokes.set(pointerId, cursor);
}

canvas.onpointermove = point;
canvas.onpointerdown = (/** @type {PointerEvent} */ event) => {
  if (event.button) return;
  canvas.setPointerCapture(event.pointerId);
  point(event);
  keep();
  paint(cursor);
  strokes.set(event.pointerId, cursor);
};
canvas.onlostpointercapture = (/** @type {PointerEvent} */ { pointerId }) => strokes.delete(pointerId);
canvas.onpointerleave = () => aim(false);

/** @param {number} x @param {number} y in half brushes */
const move = (x, y) => () => {
  const half = Math.ceil(+size.value / 2);
  const ends = [canvas.width - 1, canvas.height - 1];
  cursor = [x, y].map((by, i) => Math.min(Math.max(cursor[i] + by * half, 0), ends[i]));
  aim(true);
};

/** @param {HTMLInputElement} slider @param {number} by */
const slide = (slider, by) => () => {
  slider.valueAsNumber += by;
  slider.dispatchEvent(new Event("input"));
};

/** @type {Record<string, () => void>} */
const keys = {
  " ": () => run(!nca.playing),
  s: () => (run(false), nca.step(), nca.draw()),
  r: () => (nca.reset(), nca.draw()),
  b: () => $("[name=brush]:not(:checked)").click(),
  "[": slide(size, -1),
  "]": slide(size, 1),
  "-": slide(speed, -1),
  "+": slide(speed, 1),
  "=": slide(speed, 1), // the same key without shift, on some keyboards
  arrowleft: move(-1, 0),
  arrowright: move(1, 0),
  arrowup: move(0, -1),
  arrowdown: move(0, 1),
  enter: () => (keep(), paint(cursor)),
};

/** The controls fade when nothing moves. */
let idle = 0;
function wake() {
  clearTimeout(idle);
  document.body.className = "";
  idle = setTimeout(() => (document.body.className = "idle"), 4000);
}

onpointermove = onpointerdown = wake;
onkeydown = (event) => {
  wake();
  const { target } = event;
  const key = event.key.toLowerCase();
  const action = keys[key];
  // Space, Enter and arrows belong to the control that has the focus.
  const theirs = /^( |enter|arrow)/.test(key) && target != canvas && target != document.body;
  if (!action || theirs || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  action();
};
play.onclick = keys[" "];
$("#step").onclick = keys.s;
$("#reset").onclick = keys.r;
size.oninput = () => aim(!ring.hidden);
speed.oninput = () => {
  nca.speed = 2 ** +speed.value;
  $("output").value = nca.speed < 1 ? `1/${1 / nca.speed}` : `${nca.speed}`;
};
onresize = show;
still.onchange = () => run(!still.matches);

size.value = `${Math.ceil(Math.min(nca.width, nca.height) / 16)}`;
slide(speed, 0)();
wake();
if (still.matches && !paused) {
  nca.step(256);
  hint.textContent = "Standing still, as your system asks. Play to watch it grow.";
}
run(!still.matches && !paused);
show();
