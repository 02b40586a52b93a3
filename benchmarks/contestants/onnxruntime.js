/**
 * ONNX Runtime Web. It gives each run's output back as an array of the page: only its WebGPU keeps tensors on the
 * device between runs.
 */

import { masks } from "./contestant.js";

/** @param {import("./contestant.js").Model} model @param {"webgl" | "wasm"} provider */
export async function create(model, provider) {
  const { channels, width, height } = model;
  const folder = new URL("../node_modules/onnxruntime-web/dist/", import.meta.url).href;
  const ort = await import(`${folder}ort.${provider}.min.mjs`);
  ort.env.logLevel = "error";
  Object.assign(ort.env.wasm, { wasmPaths: folder, numThreads: navigator.hardwareConcurrency });
  const bytes = Uint8Array.from(atob(model.onnx), (byte) => byte.charCodeAt(0));
  const session = await ort.InferenceSession.create(bytes, { executionProviders: [provider] });
  const drawn = masks(model).map((mask) => new ort.Tensor("float32", mask, [1, 1, height, width]));
  let state = new ort.Tensor("float32", new Float32Array(channels * width * height), [1, channels, height, width]);
  let taken = 0;
  return {
    /** @param {number} steps */
    async run(steps) {
      for (; steps > 0; steps--) ({ next: state } = await session.run({ state, mask: drawn[taken++ % drawn.length] }));
    },
    read: () => state.data,
  };
}
