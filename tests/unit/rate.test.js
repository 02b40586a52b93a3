/** The upper frame rate without a browser: screens that only tell the time of each frame. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { mix } from "../../viewer/runtime/automaton.js";
import { RatedLoop } from "../../viewer/runtime/rated.js";
import { Rate } from "../../viewer/runtime/rate.js";

const SCREENS = [24, 30, 50, 59.94, 60, 60.05, 72, 75, 85, 90, 119.88, 120, 144, 165, 240, 360];
const RATES = [0.5, 1, 7, 10, 12, 15, 20, 24, 25, 29.97, 30, 40, 48, 50, 59.94, 60, 72, 90, 100, 120, 144, 240];
const ALL = SCREENS.flatMap((screen) => RATES.map((fps) => ({ screen, fps })));
const SECONDS = 20;

/** Jitter of less than 1 ms either way, which differs from frame to frame. @param {number} seed */
const jitter = (seed) => (mix(seed) / 2 ** 32 - 0.5) * 1.98;

/** The times of a screen's frames, in ms. @param {number} screen frames a second */
function times(screen, seconds = SECONDS, begin = 1000) {
  const count = Math.round(screen * seconds);
  return Array.from({ length: count }, (_, i) => begin + (i * 1000) / screen + jitter(i + 97 * screen));
}

/** Those of the times in which a texture works. @param {number} fps @param {number[]} frames */
function worked(fps, frames, rate = new Rate()) {
  rate.fps = fps;
  return frames.filter((now) => rate.due(now));
}

/** @param {number[]} frames */
const gaps = (frames) => frames.slice(1).map((now, i) => now - frames[i]);

test("the average on any screen is the rate, or the screen's where that is lower", () => {
  for (const { screen, fps } of ALL) {
    const count = worked(fps, times(screen)).length;
    const expected = Math.min(fps, screen) * SECONDS;
    assert.ok(Math.abs(count - expected) <= 1, `${fps} on ${screen}: ${count / SECONDS}`);
  }
});

test("at 144 Hz, 60 frames a second come after two or three frames of the screen", () => {
  const screen = 1000 / 144;
  const lengths = gaps(worked(60, times(144))).map((gap) => Math.round(gap / screen));
  assert.deepEqual(new Set(lengths), new Set([2, 3]));
});

test("where the screen's rate is a multiple, all gaps are the same", () => {
  for (const screen of [60, 120, 240])
    for (const fps of [10, 12, 15, 20, 30, 60]) {
      const lengths = gaps(worked(fps, times(screen))).map((gap) => Math.round((gap * screen) / 1000));
      assert.deepEqual(new Set(lengths), new Set([screen / fps]));
    }
});

test("no gap is off by more than a frame of the screen", () => {
  for (const { screen, fps } of ALL) {
    const frame = 1000 / screen;
    const least = Math.max(frame, 1000 / fps);
    for (const gap of gaps(worked(fps, times(screen))))
      assert.ok(Math.abs(gap - least) < frame + 4, `${fps} on ${screen}`);
  }
});

test("nothing is made up for after a tab was hidden, or after frames were late", () => {
  for (const { screen, fps } of ALL)
    for (const away of [50, 300, 1000, 3_600_000]) {
      const rate = new Rate();
      worked(fps, times(screen, 5), rate);
      const back = worked(fps, times(screen, 5, 6000 + away), rate).length;
      assert.ok(back <= Math.min(fps, screen) * 5 + 1.5, `${fps} on ${screen}: ${back}`);
    }
});

test("the first frame after a tab was hidden is one of the texture's", () => {
  for (const { screen, fps } of ALL) {
    const rate = new Rate();
    worked(fps, times(screen, 5), rate);
    const [first] = times(screen, 1, 3_600_000);
    assert.ok(rate.due(first), `${fps} on ${screen}`);
  }
});

test("no rate, and one that is no rate, mean every frame", () => {
  const frames = times(144, 1);
  for (const fps of [Infinity, NaN, -3, 1e9]) assert.deepEqual(worked(fps, frames), frames);
});

test("the rate 0 means no frame", () => assert.deepEqual(worked(0, times(144)), []));

test("a higher rate begins at once", () => {
  for (const before of [0, 0.01, NaN, Infinity]) {
    const rate = new Rate();
    worked(before, times(60, 1), rate);
    assert.equal(worked(30, times(60, 1, 2000), rate).length, 30);
  }
});

test("a lower rate begins at once", () => {
  const rate = new Rate();
  worked(60, times(60, 1), rate);
  assert.equal(worked(0.5, times(60, 4, 2000), rate).length, 2);
});

test("textures of one loop keep their own rates, and the device gets nothing in the other frames", () => {
  let calls = 0;
  const gl = new Proxy({}, { get: () => () => void calls++ });
  /** @type {any[]} */
  const waiting = [];
  globalThis.requestAnimationFrame = (call) => waiting.push(call);
  const loop = new RatedLoop(/** @type {any} */ (gl));
  const counts = [15, 20, 0].map((fps) => {
    const counted = { frames: 0 };
    const frame = () => counted.frames++;
    loop.limit(frame, Object.assign(new Rate(), { fps }));
    loop.move(frame, true);
    return counted;
  });
  let quiet = 0;
  for (let i = 0; i < 600; i++) {
    const before = [calls, counts[0].frames + counts[1].frames];
    waiting.splice(0).forEach((call) => call((i * 1000) / 60));
    const worked = counts[0].frames + counts[1].frames > before[1];
    assert.equal(calls > before[0], worked);
    quiet += Number(!worked);
  }
  assert.deepEqual(counts, [{ frames: 150 }, { frames: 200 }, { frames: 0 }]);
  assert.equal(quiet, 300); // of 12 frames, 15 a second take 3 and 20 a second take 4, one of them the same
});
