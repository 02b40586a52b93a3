/** The page that `nca export` writes: one texture that fills the window, under fingers, mouse and keys. */

import { create, NoWebGL2 } from "./nca.js";

const $ = (/** @type {string} */ selector) => /** @type {HTMLInputElement} */ (document.querySelector(selector));
const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("canvas"));
const [ring, play, size, speed, hint] = ["#ring", "#play", "#size", "#speed", "p"].map($);
const still = matchMedia("(prefers-reduced-motion: reduce)");
const options = new URLSearchParams(location.hash.slice(1)); // #seed=7&size=97x61&paused

onhashchange = () => location.reload();
addEventListener("error", ({ error, message }) => {
  document.body.className = "failed";
  hint.textContent =
    error instanceof NoWebGL2 ? "This needs WebGL2: try another browser, or hardware acceleration." : message;
});

/** The window in device pixels. */
const view = () => [innerWidth, innerHeight].map((length) => Math.ceil(length * devicePixelRatio));

/** The page's bundle; its weights travel as bytes, 16 of them for each "@" in the step shader. */
function unpack() {
  const bundle = JSON.parse($("#bundle").textContent);
  const weights = Int8Array.from(atob(bundle.weights), (byte) => byte.charCodeAt(0));
  let at = 0;
  bundle.shaders.step = bundle.shaders.step.replace(/@/g, () => weights.subarray(at, (at += 16)));
  return bundle;
}

/** A grid of the size asked for, as large as fits; else about 256 x 256 cells in the window's shape. */
function start() {
  const area = view();
  const asked = options.get("size")?.match(/^(\d+)x(\d+)$/)?.slice(1).map(Number);
  const fit = asked ? Math.min(...area.map((length, i) => length / asked[i])) : Math.hypot(...area) / 362;
  const scale = Math.max(1, Math.floor(fit));
  const [width, height] = asked ?? area.map((length) => Math.ceil(length / scale));
  return Object.assign(create(canvas, unpack(), { width, height, seed: Number(options.get("seed")) || 0 }), { scale });
}

const nca = start();
Object.assign(canvas, { nca }); // for tests and the curious
let cursor = [nca.width >> 1, nca.height >> 1];
/** The last cell of each pointer that is down. @type {Map<number, number[]>} */
const strokes = new Map();

/** @param {boolean} on */
function run(on) {
  on ? nca.play() : nca.pause();
  play.textContent = on ? "Pause" : "Play";
}

function fit() {
  [canvas.width, canvas.height] = view();
  canvas.style.width = canvas.width / devicePixelRatio + "px"; // one canvas pixel is one device pixel
  nca.draw();
}

const brush = () => /** @type {"erase" | "restore"} */ ($(":checked").value);

/** Before a wipe the state is kept: that is what the other brush restores. */
const begin = () => brush() == "erase" && !strokes.size && nca.keep();

/** Stamps up to the cursor, close enough to leave no gap. @param {number[]} from */
function stroke([x, y]) {
  const r = +size.value;
  const [across, down] = [cursor[0] - x, cursor[1] - y];
  const stamps = Math.ceil(Math.hypot(across, down) / Math.max(1, r / 2)) || 1;
  for (let i = 1; i <= stamps; i++)
    nca[brush()](Math.round(x + (across * i) / stamps), Math.round(y + (down * i) / stamps), r);
  hint.textContent = "";
  nca.draw();
}

/** The ring shows where the brush is. @param {boolean} shown */
function aim(shown) {
  const [left, top, width] = [cursor[0] + 0.5, cursor[1] + 0.5, 2 * +size.value + 1].map(
    (cells) => (cells * nca.scale) / devicePixelRatio + "px",
  );
  Object.assign(ring.style, { left, top, width, height: width });
  ring.hidden = !shown;
}

/** @param {PointerEvent} event */
function point({ offsetX, offsetY, pointerId, pointerType }) {
  cursor = [offsetX, offsetY].map((length) => Math.floor((length * devicePixelRatio) / nca.scale));
  aim(pointerType != "touch");
  const last = strokes.get(pointerId);
  if (!last) return;
  stroke(last);
  strokes.set(pointerId, cursor);
}

canvas.onpointermove = point;
canvas.onpointerdown = (/** @type {PointerEvent} */ event) => {
  if (event.button) return;
  canvas.setPointerCapture(event.pointerId);
  point(event);
  begin();
  stroke(cursor);
  strokes.set(event.pointerId, cursor);
};
canvas.onlostpointercapture = (/** @type {PointerEvent} */ { pointerId }) => strokes.delete(pointerId);
canvas.onpointerleave = () => aim(false);

/** @param {number} x @param {number} y in half brushes */
const move = (x, y) => () => {
  const half = Math.ceil(+size.value / 2);
  const ends = [canvas.width, canvas.height].map((length) => Math.ceil(length / nca.scale) - 1);
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
  enter: () => (begin(), stroke(cursor)),
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
onresize = fit;
still.onchange = () => run(!still.matches);

size.value = `${Math.ceil(Math.min(nca.width, nca.height) / 16)}`;
slide(speed, 0)();
wake();
if (still.matches && !options.has("paused")) {
  nca.step(256);
  hint.textContent = "Standing still, as your system asks. Play to watch it grow.";
}
run(!still.matches && !options.has("paused"));
fit();
