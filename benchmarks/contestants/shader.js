/**
 * The automaton as people write it by hand: float textures, one pass a step, masks from a float hash.
 * Weights stand in a uniform array, in a texture where the array would be too long, or inlined as matrices.
 */

import { context, field, finish, program, texture } from "./gl.js";

/** @typedef {import("./contestant.js").Model} Model */

/** @param {Model} model @param {"stored" | "inlined"} weights */
export async function create(model, weights) {
  const { channels, width, height } = model;
  const K = channels / 4;
  const gl = context();
  const [network, upload] = weights == "inlined" ? [inlined(model), () => {}] : stored(gl, model);
  const step = program(gl, fragment(model, network));
  const seed = gl.getUniformLocation(step, "seed");
  let [state, next] = [0, 1].map(() => field(gl, K, width, height));
  upload(step);
  gl.uniform1iv(gl.getUniformLocation(step, "state"), [...Array(K).keys()]);
  gl.viewport(0, 0, width, height);
  return {
    /** @param {number} steps */
    run(steps) {
      for (; steps > 0; steps--) {
        gl.bindFramebuffer(gl.FRAMEBUFFER, next.framebuffer);
        state.textures.forEach((each, k) => {
          gl.activeTexture(gl.TEXTURE0 + k);
          gl.bindTexture(gl.TEXTURE_2D, each);
        });
        gl.uniform1f(seed, Math.random());
        gl.drawArrays(gl.TRIANGLES, 0, 3);
        [state, next] = [next, state];
      }
      finish(gl);
    },
    read() {
      const cells = width * height;
      const values = new Float32Array(channels * cells);
      const texels = new Float32Array(4 * cells);
      gl.bindFramebuffer(gl.FRAMEBUFFER, state.framebuffer);
      state.textures.forEach((_, k) => {
        gl.readBuffer(gl.COLOR_ATTACHMENT0 + k);
        gl.readPixels(0, 0, width, height, gl.RGBA, gl.FLOAT, texels);
        texels.forEach((value, i) => (values[(4 * k + (i % 4)) * cells + (i >> 2)] = value));
      });
      gl.readBuffer(gl.COLOR_ATTACHMENT0);
      return values;
    },
  };
}

/** @param {Model} model @param {{ declarations: string, body: string }} network */
function fragment({ channels, rate }, { declarations, body }) {
  const ks = [...Array(channels / 4).keys()];
  return `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D state[${ks.length}];
uniform float seed;
${declarations}
${ks.map((k) => `layout(location = ${k}) out vec4 next${k};`).join("\n")}

float random(vec2 p) {
  return fract(sin(dot(p, vec2(12.9898, 78.233)) + 10. * seed) * 43758.5453);
}

void see(sampler2D t, ivec2 a, ivec2 c, ivec2 b, out vec4 s, out vec4 x, out vec4 y, out vec4 l) {
  vec4 nw = texelFetch(t, a, 0), n = texelFetch(t, ivec2(c.x, a.y), 0), ne = texelFetch(t, ivec2(b.x, a.y), 0);
  vec4 w = texelFetch(t, ivec2(a.x, c.y), 0), e = texelFetch(t, ivec2(b.x, c.y), 0);
  vec4 sw = texelFetch(t, ivec2(a.x, b.y), 0), so = texelFetch(t, ivec2(c.x, b.y), 0), se = texelFetch(t, b, 0);
  s = texelFetch(t, c, 0);
  x = (ne - nw + 2. * (e - w) + se - sw) / 8.;
  y = (sw - nw + 2. * (so - n) + se - ne) / 8.;
  l = (nw + ne + sw + se + 2. * (n + w + e + so) - 12. * s) / 16.;
}

void main() {
  ivec2 size = textureSize(state[0], 0), c = ivec2(gl_FragCoord.xy);
  ivec2 a = (c + size - 1) % size, b = (c + 1) % size;
  vec4 p[${channels}], u[${ks.length}];
${ks.map((k) => `  see(state[${k}], a, c, b, ${[0, 1, 2, 3].map((f) => `p[${f * ks.length + k}]`)});`).join("\n")}
${ks.map((k) => `  u[${k}] = vec4(0);`).join("\n")}
${body}
  float on = float(random(gl_FragCoord.xy) < ${rate.toFixed(8)});
${ks.map((k) => `  next${k} = p[${k}] + on * u[${k}];`).join("\n")}
}`;
}

/**
 * A loop over the hidden units. The weights of each are vectors in a row: of the first layer, its bias, of the second.
 * @param {WebGL2RenderingContext} gl @param {Model} model
 * @returns {[{ declarations: string, body: string }, (step: WebGLProgram) => void]}
 */
function stored(gl, { channels, hidden, w1, b1, w2 }) {
  const K = channels / 4;
  const row = channels + 1 + K;
  const vectors = new Float32Array(4 * row * hidden);
  for (let h = 0; h < hidden; h++) {
    vectors.set(w1.slice(4 * channels * h, 4 * channels * (h + 1)), 4 * row * h);
    vectors[4 * (row * h + channels)] = b1[h];
    for (let c = 0; c < channels; c++) vectors[4 * (row * h + channels + 1) + c] = w2[c * hidden + h];
  }
  const fits = row * hidden + 8 <= gl.getParameter(gl.MAX_FRAGMENT_UNIFORM_VECTORS); // with room for the others
  /** @param {string | number} i */
  const at = (i) => (fits ? `weights[h * ${row} + ${i}]` : `texelFetch(weights, ivec2(${i}, h), 0)`);
  return [
    {
      declarations: fits ? `uniform vec4 weights[${row * hidden}];` : "uniform sampler2D weights;",
      body: `  for (int h = 0; h < ${hidden}; h++) {
    float unit = ${at(channels)}.x;
    for (int i = 0; i < ${channels}; i++) unit += dot(${at("i")}, p[i]);
    unit = max(unit, 0.);
    for (int k = 0; k < ${K}; k++) u[k] += unit * ${at(`${channels + 1} + k`)};
  }`,
    },
    (step) => {
      const location = gl.getUniformLocation(step, "weights");
      if (fits) return gl.uniform4fv(location, vectors);
      gl.activeTexture(gl.TEXTURE0 + K);
      texture(gl, row, hidden, vectors);
      gl.uniform1i(location, K);
    },
  ];
}

/** Four hidden units at a time, their weights as numbers. @param {Model} model */
function inlined({ channels, hidden, w1, b1, w2 }) {
  const K = channels / 4;
  const number = (/** @type {number} */ value) => value.toExponential(8);
  /** GLSL fills a mat4 column by column. @param {(row: number, column: number) => number} weight */
  const matrix = (weight) => `mat4(${[...Array(16).keys()].map((i) => number(weight(i % 4, i >> 2)))})`;
  let body = "  vec4 h;\n";
  for (let h = 0; h < hidden; h += 4) {
    body += `  h = vec4(${b1.slice(h, h + 4).map(number)});\n`;
    for (let i = 0; i < channels; i++)
      body += `  h += ${matrix((row, column) => w1[(h + row) * 4 * channels + 4 * i + column])} * p[${i}];\n`;
    body += "  h = max(h, 0.);\n";
    for (let k = 0; k < K; k++)
      body += `  u[${k}] += ${matrix((row, column) => w2[(4 * k + row) * hidden + h + column])} * h;\n`;
  }
  return { declarations: "", body };
}
