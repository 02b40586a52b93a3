/**
 * What each contestant's `create(model, variant)` takes and gives.
 *
 * @typedef {{
 *   channels: number, hidden: number, width: number, height: number, rate: number, folds: boolean,
 *   filters: number[], first: number[], w1: number[], b1: number[], w2: number[], onnx: string,
 * }} Model rate: the share of cells that a step updates. Float weights row by row: filters (4, 3, 3);
 * w1 (hidden, 4 channels) filter-major; first, the same as a convolution, of the state itself where it folds, else of a
 * channel-major perception; b1 (hidden); w2 (channels, hidden). onnx: one step as an ONNX model in base64
 * @typedef {{
 *   run(steps: number): void | Promise<void>,
 *   read(): Float32Array | Promise<Float32Array>,
 * }} Contestant run returns when the device is done; read gives the state, (channels, height, width)
 */

const MASKS = 8;

/** Masks made beforehand, to use in turn: what drawing them costs is not counted. @param {Model} model */
export const masks = ({ width, height, rate }) =>
  Array.from({ length: MASKS }, () => Float32Array.from({ length: width * height }, () => +(Math.random() < rate)));
