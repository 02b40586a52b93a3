/**
 * The events of a run, and the replay of a run: load a snapshot, then repeat the events after it, up to a step.
 * Recovery after a lost context, undo and the replay of a session all use this one algorithm. It does not use WebGL.
 *
 * @typedef {{ stepCount: number, restart(): void, step(n: number): void }} Run an automaton, or an object with the same
 *   members. Each call that changes it between steps is recorded in its history
 * @typedef {[step: number, method: string, ...numbers: number[]]} Happened an event: the step count, the method that
 *   was called, and its arguments
 * @typedef {{ step: number, events: number, load(run: any): void }} Saved a snapshot: its step, the number of events
 *   before it, and the function that sets a run to it
 * @typedef {Pick<History, keyof History>} Keeps the interface of every history
 */

const AT_ONCE = 64; // steps in a batch: browsers do not bear a longer queue

/** A history that keeps only the last snapshot and the events after it. */
export class History {
  /** The events since the snapshot, or since step 0. @type {Happened[]} */
  events = [];
  /** @type {Saved | null} */
  snapshot = null;

  /** Forgets the run: another one begins. */
  clear() {
    this.events = [];
    this.snapshot = null;
  }

  /** Keeps a snapshot and drops the events before it. @param {Saved} snapshot */
  save(snapshot) {
    this.snapshot = snapshot;
    this.events.splice(0, snapshot.events);
  }

  /** Removes the events since the snapshot, so that a replay can add them again. @returns these events */
  rewind() {
    return this.events.splice(0);
  }
}

/**
 * Replays a run up to a step: starts from a snapshot, or from step 0, and repeats the events after it. A long replay
 * yields between batches of steps, so that the caller can wait for a frame. A caller that cannot wait
 * continues at once.
 * @param {Run} run @param {Saved | null} snapshot @param {Happened[]} events @param {number} step
 */
export function* rebuild(run, snapshot, events, step) {
  snapshot ? snapshot.load(run) : run.restart();
  for (const [at, method, ...numbers] of [...events, [step]]) {
    while (run.stepCount < at) {
      run.step(Math.min(AT_ONCE, at - run.stepCount));
      if (run.stepCount < at) yield;
    }
    if (method) /** @type {any} */ (run)[method](...numbers);
  }
}
