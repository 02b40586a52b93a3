/** New weights for a texture that runs: the rule becomes another one, and the state stays. */

/** @import { Bundle } from "./automaton.js" */
/** @import { Pass } from "./passes.js" */
import { compile, compiled, passes, PASSES } from "./passes.js";

/**
 * Gives a bundle the weights of another one with as many channels. The bundle stays the same object, so each automaton
 * that runs it goes on with the new weights. It runs the old ones until the new shaders are compiled.
 * @template {Bundle} T @param {WebGL2RenderingContext} gl @param {T} bundle @param {T} better @returns {Promise<void>}
 */
export async function learn(gl, bundle, better) {
  const changed = PASSES.filter((pass) => bundle.shaders[pass] != better.shaders[pass]);
  /** @type {Record<string, Pass>} */
  const made = {};
  for (const pass of changed) made[pass] = compile(gl, better.shaders.vertex, better.shaders[pass]);
  while (!compiled(gl, made)) await new Promise(requestAnimationFrame);
  if (!gl.isContextLost() && !changed.every((pass) => gl.isProgram(made[pass].program)))
    return learn(gl, bundle, better); // the context was lost and restored meanwhile
  const used = passes(gl, bundle);
  for (const pass of changed) gl.deleteProgram(used[pass].program);
  Object.assign(used, made);
  Object.assign(bundle, better);
}
