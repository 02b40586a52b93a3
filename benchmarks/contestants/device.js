/** What the device can do: a shader of nothing but multiply-adds in registers, over as many fragments as a grid has. */

import { context, field, finish, program } from "./gl.js";

const CHAINS = 4; // vectors turned independently of each other, so that no unit waits
const TURNS = 8; // of each chain in the loop's body
const LOOPS = 16;

/**
 * @param {import("./contestant.js").Model} model
 * @param {"few" | "many"} weights the same few in a loop, or as many as the model has, each read once, a fragment a pair
 */
export async function create({ channels, hidden, width, height }, weights) {
  const [turns, loops, across] =
    weights == "few" ? [TURNS * CHAINS, LOOPS, width] : [(5 * channels * hidden) / 16, 1, width / 2];
  const gl = context();
  program(gl, fragment(turns, loops));
  field(gl, 1, across, height);
  gl.viewport(0, 0, across, height);
  return {
    /** @param {number} times */
    run(times) {
      for (; times > 0; times--) gl.drawArrays(gl.TRIANGLES, 0, 3);
      finish(gl);
    },
    multiplyAdds: () => 16 * turns * loops * across * height,
  };
}

/** @param {number} turns @param {number} loops */
function fragment(turns, loops) {
  const chains = [...Array(CHAINS).keys()];
  const body = Array.from({ length: turns }, (_, n) => `a${n % CHAINS} = ${rotation(n)} * a${n % CHAINS};`);
  return `#version 300 es
precision highp float;
out vec4 color;
void main() {
  vec4 ${chains.map((i) => `a${i} = gl_FragCoord + ${i}.`)};
  for (int i = 0; i < ${loops}; i++) {
    ${body.join("\n    ")}
  }
  color = ${chains.map((i) => `a${i}`).join(" + ")};
}`;
}

/**
 * A turn in four dimensions, so that no value grows or vanishes. The numbers of a column differ, so that no product
 * serves twice.
 * @param {number} n
 */
function rotation(n) {
  const quaternion = [1 + n, 35.5, 50.25, 70.125];
  const [a, b, c, d] = quaternion.map((part) => part / Math.hypot(...quaternion));
  return `mat4(${[a, b, c, d, -b, a, d, -c, -c, -d, a, b, -d, c, -b, a].map((value) => value.toFixed(8))})`;
}
