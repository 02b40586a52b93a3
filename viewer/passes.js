/**
 * A bundle's shaders as programs, compiled beside the page where the browser can.
 *
 * @import { Bundle } from "./automaton.js"
 * @typedef {{ program: WebGLProgram, linked: boolean, at: Record<string, WebGLUniformLocation | null> }} Pass
 */

export const PASSES = ["step", "brush", "display"];
const UNIFORMS = ["state", "key", "grid", "kept", "keep", "disc", "view", "show"];

/** The passes of each bundle as last compiled, for all its textures. @type {WeakMap<Bundle, Record<string, Pass>>} */
const known = new WeakMap();

/** The passes of a bundle, by name, compiled or at it. @param {WebGL2RenderingContext} gl @param {Bundle} bundle */
export function passes(gl, bundle) {
  const { shaders } = bundle;
  let found = known.get(bundle);
  // Not those of another context, nor from before it was lost.
  if (!found || !gl.isProgram(found.step.program))
    found = Object.fromEntries(PASSES.map((pass) => [pass, compile(gl, shaders.vertex, shaders[pass])]));
  known.set(bundle, found);
  return found;
}

/** Whether all are compiled; where the browser does not tell, they are said to be. @param {WebGL2RenderingContext} gl @param {Record<string, Pass>} passes */
export function compiled(gl, passes) {
  const parallel = gl.getExtension("KHR_parallel_shader_compile");
  return Object.values(passes).every(
    ({ program }) => !parallel || gl.getProgramParameter(program, parallel.COMPLETION_STATUS_KHR),
  );
}

/** The pass, its program ready to use. @param {WebGL2RenderingContext} gl @param {Pass} pass */
export function linked(gl, pass) {
  const { program } = pass;
  if (pass.linked || gl.isContextLost()) return pass;
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(complaint(gl, program));
  pass.at = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]));
  pass.linked = true;
  return pass;
}

/** Begins to compile, and asks for no result: that would wait. @param {WebGL2RenderingContext} gl @param {string[]} sources @returns {Pass} */
export function compile(gl, ...sources) {
  const program = gl.createProgram();
  sources.forEach((source, i) => {
    const shader = /** @type {WebGLShader} */ (gl.createShader(i ? gl.FRAGMENT_SHADER : gl.VERTEX_SHADER));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  });
  gl.linkProgram(program);
  return { program, linked: false, at: {} };
}

/** What is wrong with a program, or with a shader, its lines numbered. @param {WebGL2RenderingContext} gl @param {WebGLProgram} program */
function complaint(gl, program) {
  const failed = gl.getAttachedShaders(program)?.find((shader) => !gl.getShaderParameter(shader, gl.COMPILE_STATUS));
  if (!failed) return `shader: ${gl.getProgramInfoLog(program)}`;
  let n = 0;
  const numbered = gl.getShaderSource(failed)?.replace(/^/gm, () => ++n + ": ");
  return `shader: ${gl.getShaderInfoLog(failed)}\n${numbered}`;
}
