/** The detail on a slow device, without a browser: an automaton and a pace that only count. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ease } from "../../viewer/runtime/ease.js";

/**
 * A device. play shows frames of the screen: takes says for how many of them it draws a picture at a detail.
 * @param {number} speed @param {number} wanted the detail that the zoom calls for
 */
function device(speed = 1, wanted = 8) {
  const automaton = { speed, gl: { isContextLost: () => false }, advance: () => 0 };
  const details = [wanted];
  const pace = { busy: false, most: 1, spare: () => false };
  const ease = new Ease(
    () => details.at(-1) ?? 1,
    () => details.push(Math.min(wanted, ease.most)),
  );
  ease.watch(/** @type {any} */ (automaton));
  let left = 0;
  let now = 0;
  performance.now = () => now;
  /** @param {number} frames @param {(detail: number) => number} takes @returns the detail at the end */
  const play = (frames, takes) => {
    for (; frames > 0; frames--) {
      now += 1000 / 60;
      pace.busy = left > 0;
      /** @type {any} */ (automaton).advance(pace);
      left = pace.busy ? left - 1 : takes(details.at(-1) ?? 1) - 1;
    }
    return details.at(-1);
  };
  return { play, details, pace };
}

test("a device that is fast enough keeps the detail", () => {
  const { play, details } = device();
  play(10_000, () => 1);
  assert.deepEqual(details, [8]);
});

test("a late frame now and then does not lower it", () => {
  const { play, details } = device();
  let frame = 0;
  play(10_000, () => (frame++ % 40 ? 1 : 5));
  assert.deepEqual(details, [8]);
});

test("one long wait, as for a shader, does not lower it", () => {
  const { play, details } = device();
  let waits = 1;
  play(200, () => (waits-- > 0 ? 60 : 1));
  assert.deepEqual(details, [8]);
});

test("a very slow device falls after two frames", () => {
  const { play, details } = device();
  play(3 * 60, () => 60);
  assert.deepEqual(details, [8, 4]);
});

test("a slow device gets the finest detail that it manages, within a second", () => {
  for (const most of [1, 2, 4]) {
    const { play } = device();
    assert.equal(
      play(60, (detail) => (detail > most ? 4 : 1)),
      most,
    );
  }
});

test("it starts from the detail in use", () => {
  const { play, details } = device(1, 4);
  play(60, (detail) => (detail > 2 ? 4 : 1));
  assert.deepEqual(details, [4, 2]);
});

test("steps are spared only while the detail can fall", () => {
  const { play, pace } = device(8);
  play(1, () => 4);
  assert.equal(pace.spare(), true);
  play(200, () => 4);
  assert.equal(pace.spare(), false);
});

test("as many steps as fit are not the decoder's fault, until only one fits", () => {
  const { play, details, pace } = device(Infinity);
  pace.most = 5;
  play(200, () => 4);
  assert.deepEqual(details, [8]);
  assert.equal(pace.spare(), false);
  pace.most = 1;
  play(200, () => 4);
  assert.equal(details.at(-1), 1);
});

test("it rises again when the device has time, and ever later where that does not last", () => {
  const { play, details } = device();
  play(60, () => 4);
  assert.equal(details.at(-1), 1);
  play(6000, () => 1);
  assert.equal(details.at(-1), 8);

  const other = device();
  other.play(100_000, (detail) => (detail > 4 ? 16 : 1));
  const rises = other.details.filter((detail, i) => detail > (other.details[i - 1] ?? 8)).length;
  assert.ok(rises > 2 && rises < 10, `${rises} rises`);
});
