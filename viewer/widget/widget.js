/**
 * A texture in a notebook's output, shown by anywidget. `nca.widget` is the Python side.
 *
 * @typedef {{ get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *   on(event: string, listener: () => void): void }} Model
 * @typedef {ReturnType<typeof create>} Texture
 */

import { made } from "../data/made.js";
import { learn } from "../runtime/learn.js";
import { create, NoWebGL2 } from "../runtime/nca.js";
import { reducedMotion, STILL } from "../runtime/still.js";
import { wipe } from "../runtime/wipe.js";

/**
 * Shows the texture in an element.
 * @param {{ model: Model, el: HTMLElement }} view @returns {(() => void) | undefined} a function that ends the view
 */
export function render({ model, el }) {
  const canvas = document.createElement("canvas");
  el.append(canvas);
  try {
    const [given, width, height, seed] = ["_bundle", "width", "height", "seed"].map((name) => model.get(name));
    const bundle = { ...given }; // of this view alone, because it can learn
    const nca = create(canvas, bundle, { width, height, seed });
    Object.assign(canvas, { nca, role: "img", ariaLabel: bundle.name }); // nca: for tests and the console
    Object.assign(canvas.style, { maxWidth: "100%", imageRendering: "pixelated", touchAction: "pan-y" });
    obey(model, nca);
    wipe(nca);
    return animate(model, canvas, nca);
  } catch (error) {
    if (!(error instanceof NoWebGL2)) throw error;
    el.textContent = "This needs WebGL2: try another browser, or hardware acceleration.";
  }
}

/** Applies what Python has set so far, and then each change. @param {Model} model @param {Texture} nca */
function obey(model, nca) {
  const { canvas } = nca;
  const fit = () => {
    nca.scale = model.get("scale");
    [canvas.width, canvas.height] = [nca.width * nca.scale, nca.height * nca.scale];
  };
  const resize = () => (nca.resize(model.get("width"), model.get("height")), fit());
  const pace = () => (nca.speed = model.get("speed"));
  /**
   * Calls a method of the texture. If Python has just emptied the list of moves, only draws.
   * @param {any[]} asked the method and its arguments
   */
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
    _bundle: () => learn(nca.gl, nca.bundle, made(model.get("_bundle"))),
    seed: () => nca.reset(model.get("seed")),
    _moves: () => move(model.get("_moves").at(-1)),
  };
  for (const [name, change] of Object.entries(changes))
    // anywidget removes these listeners with the view
    model.on(`change:${name}`, () => (change(), nca.draw()));
}

/**
 * Plays the texture while the canvas is on screen, unless it is paused.
 * @param {Model} model @param {Element} canvas @param {Texture} nca @returns a function that ends the view
 */
function animate(model, canvas, nca) {
  let onScreen = false;
  const run = () => (onScreen && !model.get("paused") ? nca.play() : nca.pause());
  model.on("change:paused", run);
  if (reducedMotion().matches && !model.get("paused")) {
    nca.step(STILL); // stands still until Python sets paused = False
    nca.draw();
    model.set("paused", true);
    model.save_changes();
  }
  const watch = new IntersectionObserver(([{ isIntersecting }]) => ((onScreen = isIntersecting), run()));
  watch.observe(canvas);
  return () => {
    watch.disconnect();
    nca.destroy();
    nca.gl.getExtension("WEBGL_lose_context")?.loseContext(); // a notebook makes many canvases
  };
}
