/**
 * Checks whether a device computes torch's bits: a short run must have the hash that the bundle's proof tells.
 * export/proof.py does the same run.
 *
 * @import { Bundle } from "./automaton.js"
 */

import { Automaton, context, mix } from "./automaton.js";
import { decode } from "./decode.js";

/** A number of steps, then what happens. @type {[number, string?, ...number[]][]} */
const LEGS = [
  [40, "keep"],
  [24, "erase", 30, 1, 8],
  [40, "restore", 2, 23, 6],
  [24, "reset", 7],
  [64, "erase", 15, 12, 5],
  [64],
];

/** Returns what docs/module.md describes. @param {Bundle} bundle */
export async function check(bundle) {
  const proof = /** @type {any} */ (bundle).provenance?.proof;
  if (!proof) throw new Error("no proof in this bundle: export it again");
  const gl = context(globalThis.document ? document.createElement("canvas") : new OffscreenCanvas(1, 1));
  const nca = new Automaton(gl, { ...bundle }, { width: 31, height: 25 }); // a copy: its programs are of no other use
  if (bundle.decoder) nca.show = decode;
  let [values, hash, step] = [0, 0, 0];
  const began = performance.now();
  for await (const each of run(nca)) {
    values += each.length;
    hash = mix(hash + digest(each));
  }
  const milliseconds = performance.now() - began;
  const same = hash == proof.hash;
  if (!same) step = await firstWrong(nca, atob(proof.steps));
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer = gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  if (gl.isContextLost()) throw new Error("the browser took the WebGL context");
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return { same, values, step, hash, renderer, milliseconds };
}

/** The first step whose state differs, or 0. @param {Automaton} nca @param {string} bytes of the states' hashes */
async function firstWrong(nca, bytes) {
  let step = 0;
  for await (const state of run(nca, 1)) if ((digest(state) & 255) != bytes.charCodeAt(step++)) return step;
  return 0;
}

/** Yields the state after so many steps, by default after a leg, and then its picture. @param {Automaton} nca */
async function* run(nca, every = Infinity) {
  nca.reset(0);
  for (const [steps, method, ...numbers] of LEGS) {
    for (let done = 0; done < steps; done += every) {
      await new Promise((go) => setTimeout(go)); // the page goes on meanwhile
      nca.step(Math.min(every, steps));
      yield nca.read();
    }
    if (every > 1) yield nca.pixels(4);
    if (method) /** @type {any} */ (nca)[method](...numbers);
  }
}

/** A hash of 16-bit integers, in their order. @param {ArrayLike<number>} values */
const digest = (values) => Array.from(values).reduce((sum, value, i) => (sum + mix((i << 16) + value)) >>> 0, 0);
