/** The history without a browser: a run that is only a number, so that any mistake in what is done again changes it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { History, rebuild } from "../../viewer/runtime/history.js";
import { mix } from "../../viewer/runtime/automaton.js";
import { Strokes } from "../../viewer/session/strokes.js";

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);

/** What is like an automaton: its state is a hash of all that happened, in order. */
class Run {
  stepCount = 0;
  state = 0;
  /** The most steps at once. */
  most = 0;

  /** @param {History | Strokes} history */
  constructor(history) {
    this.history = history;
  }

  restart() {
    this.stepCount = this.state = 0;
  }

  /** @param {number} n */
  step(n) {
    this.most = Math.max(this.most, n);
    for (; n > 0; n--) this.state = mix(this.state + this.stepCount++);
  }

  /** @param {number[]} disc */
  erase(...disc) {
    this.state = disc.reduce((state, number) => mix(state + number), mix(this.state + 1));
    this.history.events.push([this.stepCount, "erase", ...disc]);
  }

  /** A snapshot as a device gives it, of so many bytes. */
  snapshot(byteLength = 1000) {
    const { stepCount: step, state } = this;
    /** @param {Run} run */
    const load = (run) => Object.assign(run, { stepCount: step, state });
    return { step, events: this.history.events.length, texels: { byteLength }, load };
  }
}

/** Random numbers that a seed repeats. @param {number} seed */
function dice(seed) {
  let drawn = mix(seed + 1);
  return (/** @type {number} */ most) => (drawn = mix(drawn)) % most;
}

/** Steps, discs and snapshots as they come. @param {Run} run @param {(most: number) => number} roll @param {number} times */
function live(run, roll, times) {
  for (; times > 0; times--)
    [
      () => run.step(roll(200)),
      () => run.step(1),
      () => run.erase(roll(9), roll(9), roll(9)),
      () => run.history.save(run.snapshot()),
    ][roll(4)]();
}

/** All at once, as after a lost context. @param {Run} run @param {number} step */
const recover = (run, step) => [...rebuild(run, run.history.snapshot, run.history.rewind(), step)];

for (const [name, create] of /** @type {const} */ ([
  ["that forgets", () => new History()],
  ["that keeps all", () => new Strokes()],
]))
  test(`a history ${name} brings back a run that is lost`, () => {
    for (const seed of SEEDS) {
      const run = new Run(create());
      live(run, dice(seed), 30);
      const { state, stepCount } = run;
      const events = structuredClone(run.history.events);
      Object.assign(run, { state: -1, stepCount: 0 });
      recover(run, stepCount);
      assert.equal(run.state, state);
      assert.equal(run.stepCount, stepCount);
      assert.deepEqual(run.history.events, events); // so it can be lost again
      live(run, dice(seed), 10);
      recover(run, run.stepCount);
    }
  });

test("one forgets what its snapshot covers, and no more", () => {
  const run = new Run(new History());
  run.erase(1, 2, 3);
  const snapshot = run.snapshot();
  run.step(5);
  run.erase(4, 5, 6); // before the snapshot has come from the device
  run.history.save(snapshot);
  assert.deepEqual(run.history.events, [[5, "erase", 4, 5, 6]]);
  run.history.clear();
  assert.deepEqual([run.history.events, run.history.snapshot], [[], null]);
});

test("the other keeps all events", () => {
  const run = new Run(new Strokes());
  for (let n = 0; n < 5; n++) {
    run.erase(n, n, n);
    run.step(100);
    run.history.save(run.snapshot());
  }
  assert.equal(run.history.events.length, 5);
});

/** A run of strokes, and one in which the last of them never began. @param {number} seed */
function strokes(seed) {
  const [run, without] = [new Run(new Strokes()), new Run(new Strokes())];
  for (const each of [run, without]) {
    const roll = dice(seed);
    for (let n = 0; n < 4; n++) {
      each.history.begin();
      live(each, roll, 8);
    }
  }
  const undone = dice(seed + 1000);
  run.history.begin();
  live(run, undone, 20);
  without.step(run.stepCount - without.stepCount);
  return { run, without };
}

test("undo goes on from before the stroke, without it, to the same step", () => {
  for (const seed of SEEDS) {
    const { run, without } = strokes(seed);
    const { stepCount } = run;
    run.history.undo();
    recover(run, stepCount);
    assert.equal(run.state, without.state);
    assert.equal(run.stepCount, stepCount);
    assert.deepEqual(run.history.events, without.history.events);
    assert.equal(run.history.strokes, 4);
  }
});

test("a run that is lost while it is undone comes back and arrives", () => {
  for (const seed of SEEDS) {
    const { run, without } = strokes(seed);
    run.step(1000);
    without.step(1000);
    const { history, stepCount } = run;
    history.undo();
    const way = rebuild(run, history.snapshot, history.rewind(), stepCount);
    for (let frames = seed % 7; frames >= 0; frames--) way.next();
    const { state, stepCount: reached } = run;
    run.state = -1;
    recover(run, reached);
    assert.equal(run.state, state);
    while (!way.next().done);
    assert.equal(run.state, without.state);
    assert.deepEqual(history.events, without.history.events);
  }
});

test("a session that is told is the same run, a part of it in each frame", () => {
  for (const seed of SEEDS) {
    const run = new Run(new Strokes());
    live(run, dice(seed), 30);
    run.step(500);
    const told = JSON.parse(JSON.stringify(run.history.events));
    const other = new Run(new Strokes());
    live(other, dice(seed + 1), 5);
    other.history.clear();
    other.most = 0;
    const way = rebuild(other, null, told, run.stepCount);
    let frames = 1;
    while (!way.next().done) frames++;
    assert.equal(other.state, run.state);
    assert.deepEqual(other.history.events, told);
    assert.ok(other.most <= 64);
    assert.ok(frames >= 500 / 64 - 1);
  }
});

test("a snapshot stays for each stroke that it is of use to", () => {
  const run = new Run(new Strokes());
  /** @type {number[]} */
  const before = [];
  for (let n = 0; n < 3; n++) {
    run.step(100);
    run.history.save(run.snapshot());
    run.step(100);
    run.history.save(run.snapshot()); // in place of the last one: no stroke between them
    before.push(run.stepCount);
    run.history.begin();
    run.erase(n, n, n);
  }
  run.step(100);
  for (const step of before.reverse()) {
    run.history.undo();
    assert.equal(run.history.snapshot?.step, step);
  }
});

test("snapshots fill no more than 64 MB, and the oldest goes first", () => {
  const run = new Run(new Strokes());
  for (let n = 0; n < 9; n++) {
    run.history.begin();
    run.step(10);
    run.history.save(run.snapshot(20e6));
    run.erase(n, n, n);
  }
  const steps = [];
  while (run.history.strokes) {
    run.history.undo();
    steps.push(run.history.snapshot?.step);
  }
  assert.deepEqual(steps.slice(0, 4), [90, 80, 70, undefined]);
});

test("who paints from events is told of those that are left when a run goes back", () => {
  const run = new Run(new Strokes());
  /** @type {number[]} */
  const left = [];
  run.history.rewound = (events) => left.push(events.length);
  run.erase(1, 1, 1);
  run.history.save(run.snapshot());
  run.erase(2, 2, 2);
  recover(run, run.stepCount);
  run.history.clear();
  assert.deepEqual(left, [1, 0]);
});
