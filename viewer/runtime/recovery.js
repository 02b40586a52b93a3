/**
 * Rebuilds an automaton after its WebGL context was lost, for example while the device slept.
 * The rebuilt state is the same, bit for bit.
 */

/** @import { Automaton } from "./automaton.js" */
/** @import { Keeps } from "./history.js" */
import { rebuild } from "./history.js";
import { Snapshot } from "./snapshot.js";

// Steps between two snapshots. A restored context replays about this many, and beside so many a copy costs nothing.
const SAVE_EVERY = 512;

/** Records the events of an automaton's run and takes snapshots of its state. It is the automaton's witness. */
export class Recovery {
  /** The snapshot that the device is still copying. @type {Snapshot | null} */
  #saving = null;

  /** @param {Automaton} automaton @param {Keeps} history */
  constructor(automaton, history) {
    this.automaton = automaton;
    this.history = history;
    automaton.witness = this;
  }

  /** Records an event. @param {string} kind @param {number[]} numbers */
  add(kind, ...numbers) {
    this.history.events.push([this.automaton.stepCount, kind, ...numbers]);
  }

  /**
   * Starts a snapshot if the last one is old. Stores the snapshot once the device has copied it, and never waits.
   * @returns the snapshot that the device is still copying, or null
   */
  save(every = SAVE_EVERY) {
    const { automaton, history } = this;
    if (automaton.gl.isContextLost()) return null;
    if (this.#saving?.arrives()) {
      history.save(this.#saving);
      this.#saving = null;
    } else if (automaton.stepCount - (history.snapshot?.step ?? 0) >= every)
      this.#saving ??= new Snapshot(automaton, history.events.length);
    return this.#saving;
  }

  /** Forgets the run: another one begins. */
  clear() {
    this.#saving?.free();
    this.#saving = null;
    this.history.clear();
  }

  /** Rebuilds the state after the context was restored. @param {() => void} [prepare] prepares the context */
  recover(prepare) {
    const { automaton, history } = this;
    const { stepCount } = automaton;
    this.#saving = null; // the lost context took it
    automaton.renew();
    prepare?.();
    [...rebuild(automaton, history.snapshot, history.rewind(), stepCount)]; // does not wait for frames
  }
}
