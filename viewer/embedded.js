/**
 * What an exported page is given: settings in its address, textures in its scripts.
 *
 * @import { Bundle } from "./automaton.js"
 * @typedef {Bundle & { name: string, hidden: number, weights: unknown, fingerprint?: string, provenance: Record<string, any> }} Embedded
 */

/** Cells along the window's diagonal, where no grid is asked for: about 256 x 256. */
export const CELLS = 362;

/** The window in device pixels. */
export const area = () => [innerWidth, innerHeight].map((length) => Math.ceil(length * devicePixelRatio));

/** The address's settings: #lava&seed=7&size=97x61&paused. */
export function settings() {
  const given = new URLSearchParams(location.hash.slice(1));
  const size = given.get("size")?.match(/^(\d+)x(\d+)$/)?.slice(1).map(Number);
  return { given, size, seed: Number(given.get("seed")) || 0, paused: given.has("paused") };
}

/** A script's texture: its weights travel as bytes, 16 of them for each "@" in the step shader. @param {Element} script @returns {Embedded} */
export function unpack(script) {
  const bundle = JSON.parse(script.innerHTML);
  const weights = Int8Array.from(atob(bundle.weights), (byte) => byte.charCodeAt(0));
  let at = 0;
  bundle.shaders.step = bundle.shaders.step.replace(/@/g, () => weights.subarray(at, (at += 16)));
  return bundle;
}
