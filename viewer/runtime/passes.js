/**
 * Compiles a bundle's shaders to programs, in parallel with the page where the browser can.
 *
 * @import { Bundle } from "./automaton.js"
 * @typedef {{ program: WebGLProgram, linked: boolean, at: Record<string, WebGLUniformLocation | null> }} Pass
 */

export const PASSES = ["step", "brush", "display"];
const UNIFORMS = ["state", "key", "grid", "kept", "keep", "disc", "view", "detail"];

/**
 * The last compiled passes of each bundle. All textures of a bundle share them.
 * @type {WeakMap<Bundle, Record<string, Pass>>}
 */
const known = new WeakMap();

/**
 * Returns the passes of a bundle by name. They may still be compiling.
 * @param {WebGL2RenderingContext} gl @param {Bundle} bundle
 */
export function passes(gl, bundle) {
  const { shaders } = bundle;
  let found = known.get(bundle);
  // Programs of another context, or from before the context was lost, are of no use.
  if (!found || !gl.isProgram(found.step.program))
    found = Object.fromEntries(PASSES.map((pass) => [pass, compile(gl, shaders.vertex, shaders[pass])]));
  known.set(bundle, found);
  return found;
}

/**
 * Whether all passes are compiled. Returns true where the browser cannot tell.
 * @param {WebGL2RenderingContext} gl @param {Record<string, Pass>} passes
 */
export function compiled(gl, passes) {
  const parallel = gl.getExtension("KHR_parallel_shader_compile");
  return Object.values(passes).every(
    ({ program }) => !parallel || gl.getProgramParameter(program, parallel.COMPLETION_STATUS_KHR),
  );
}

/** Returns the pass with its program ready to use. @param {WebGL2RenderingContext} gl @param {Pass} pass */
export function linked(gl, pass) {
  const { program } = pass;
  if (pass.linked || gl.isContextLost()) return pass;
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(complaint(gl, program));
  pass.at = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]));
  pass.linked = true;
  return pass;
}

/**
 * Starts to compile a program. It does not ask for the result, because that would wait.
 * @param {WebGL2RenderingContext} gl @param {string[]} sources @returns {Pass}
 */
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

/** The driver's message about a program. @param {WebGL2RenderingContext} gl @param {WebGLProgram} program */
function complaint(gl, program) {
  const failed = gl.getAttachedShaders(program)?.find((shader) => !gl.getShaderParameter(shader, gl.COMPILE_STATUS));
  return `shader: ${failed ? gl.getShaderInfoLog(failed) : gl.getProgramInfoLog(program)}`;
}
