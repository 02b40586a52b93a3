/**
 * A texture in a notebook's output, as anywidget shows it; `nca.widget` in Python is the other side.
 *
 * @typedef {{ get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *   on(event: string, listener: () => void): void }} Model
 * @typedef {ReturnType<typeof create>} Texture
 */

import { create, NoWebGL2 } from "./nca.js";
import { stroke } from "./stroke.js";

/** @param {{ model: Model, el: HTMLElement }} view @returns {(() => void) | undefined} what ends it */
export function render({ model, el }) {
  const canvas = document.createElement("canvas");
  el.append(canvas);
  try {
    const [bundle, width, height, seed] = ["_bundle", "width", "height", "seed"].map((name) => model.get(name));
    const nca = create(canvas, bundle, { width, height, seed });
    Object.assign(canvas, { nca, role: "img", ariaLabel: bundle.name }); // nca for tests and the curious
    Object.assign(canvas.style, { maxWidth: "100%", imageRendering: "pixelated", touchAction: "none" });
    obey(model, nca);
    wipe(canvas, nca);
    return animate(model, canvas, nca);
  } catch (error) {
    if (!(error instanceof NoWebGL2)) throw error;
    el.textContent = "This needs WebGL2: try another browser, or hardware acceleration.";
  }
}

/** Does what Python set before, and what it sets from now on. @param {Model} model @param {Texture} nca */
function obey(model, nca) {
  const { canvas } = nca;
  const fit = () => {
    nca.scale = model.get("scale");
    [canvas.width, canvas.height] = [nca.width * nca.scale, nca.height * nca.scale];
  };
  const resize = () => (nca.resize(model.get("width"), model.get("height")), fit());
  const pace = () => (nca.speed = model.get("speed"));
  /** A method and its arguments; none after a reset. @param {any[]} asked */
  const move = ([method, ...rest] = ["draw"]) => /** @type {any} */ (nca)[method](...rest);
  fit();
  pace();
  model.get("_moves").forEach(move);
  nca.draw();

  const changes = {
    width: resize,
    height: resize,
    scale: fit,
    speed: pace,
    seed: () => nca.reset(model.get("seed")),
    _moves: () => move(model.get("_moves").at(-1)),
  };
  for (const [name, change] of Object.entries(changes)) // anywidget takes them off with the view
    model.on(`change:${name}`, () => (change(), nca.draw()));
}

/** Plays on screen, unless paused. @param {Model} model @param {Element} canvas @param {Texture} nca @returns what ends it */
function animate(model, canvas, nca) {
  let onScreen = false;
  const run = () => (onScreen && !model.get("paused") ? nca.play() : nca.pause());
  model.on("change:paused", run);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches && !model.get("paused")) {
    nca.step(256); // a still, until Python says paused = False
    nca.draw();
    model.set("paused", true);
    model.save_changes();
  }
  const watch = new IntersectionObserver(([{ isIntersecting }]) => ((onScreen = isIntersecting), run()));
  watch.observe(canvas);
  return () => (watch.disconnect(), nca.destroy());
}

/** Click or drag wipes. @param {HTMLCanvasElement} canvas @param {Texture} nca */
function wipe(canvas, nca) {
  let last = [0, 0];
  const cell = (/** @type {PointerEvent} */ { offsetX, offsetY }) => [
    Math.floor((offsetX / canvas.clientWidth) * nca.width),
    Math.floor((offsetY / canvas.clientHeight) * nca.height),
  ];
  /** @param {number[]} to */
  function erase(to) {
    stroke((x, y, r) => nca.erase(x, y, r), last, to, Math.ceil(Math.min(nca.width, nca.height) / 16));
    last = to;
    nca.draw();
  }
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    erase((last = cell(event)));
  };
  canvas.onpointermove = (event) => {
    if (event.buttons & 1) erase(cell(event));
  };
}
