/** TensorFlow.js, channels last; the state stays on the device. */

import { masks } from "./contestant.js";

/** @param {import("./contestant.js").Model} model @param {"webgl" | "wasm"} backend */
export async function create(model, backend) {
  const { tf } = /** @type {any} */ (globalThis);
  const { channels, width, height } = model;
  await (backend == "webgl" ? useWebGL : useWasm)(tf);
  const weights = layers(tf, model);
  const drawn = masks(model).map((mask) => tf.tensor4d(mask, [1, height, width, 1]));
  let state = tf.zeros([1, height, width, channels]);
  let taken = 0;
  return {
    /** @param {number} steps */
    async run(steps) {
      for (; steps > 0; steps--) {
        const next = tf.tidy(() => step(tf, weights, state, drawn[taken++ % drawn.length]));
        state.dispose();
        state = next;
      }
      const corner = tf.slice(state, [0, 0, 0, 0], [1, 1, 1, 1]);
      await corner.data();
      corner.dispose();
    },
    read: () => tf.tidy(() => tf.transpose(state, [0, 3, 1, 2])).data(),
  };
}

/** TensorFlow.js refuses a software renderer unless it is handed a context. @param {any} tf */
async function useWebGL(tf) {
  tf.setWebGLContext(2, document.createElement("canvas").getContext("webgl2", { antialias: false, depth: false }));
  await tf.setBackend("webgl");
}

/** @param {any} tf */
async function useWasm(tf) {
  tf.wasm.setWasmPaths(new URL("../node_modules/@tensorflow/tfjs-backend-wasm/dist/", import.meta.url).href);
  await tf.setBackend("wasm");
}

/** @param {any} tf @param {import("./contestant.js").Model} model */
function layers(tf, { channels, hidden, folds, filters, first, b1, w2 }) {
  const [inputs, side] = folds ? [channels, 3] : [4 * channels, 1];
  const perception = tf.reshape(tf.transpose(tf.tensor3d(filters, [4, 3, 3]), [1, 2, 0]), [3, 3, 1, 4]);
  return {
    filters: folds ? null : tf.tile(perception, [1, 1, channels, 1]),
    w1: tf.transpose(tf.tensor4d(first, [hidden, inputs, side, side]), [2, 3, 1, 0]),
    b1: tf.tensor1d(b1),
    w2: tf.reshape(tf.transpose(tf.tensor2d(w2, [channels, hidden])), [1, 1, hidden, channels]),
  };
}

/** @param {any} tf @param {any} weights @param {any} state @param {any} mask */
function step(tf, { filters, w1, b1, w2 }, state, mask) {
  const around = wrap(tf, state);
  const seen = filters ? tf.depthwiseConv2d(around, filters, 1, "valid") : around;
  const units = tf.fused.conv2d({ x: seen, filter: w1, strides: 1, pad: "valid", bias: b1, activation: "relu" });
  return tf.add(state, tf.mul(tf.conv2d(units, w2, 1, "valid"), mask));
}

/** Pads rows and columns by the torus' other side. @param {any} tf @param {any} state */
function wrap(tf, state) {
  for (const axis of [1, 2]) {
    const size = [...state.shape];
    const end = [0, 0, 0, 0];
    end[axis] = size[axis] - 1;
    size[axis] = 1;
    state = tf.concat([tf.slice(state, end, size), state, tf.slice(state, [0, 0, 0, 0], size)], axis);
  }
  return state;
}
