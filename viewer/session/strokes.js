/** The history of a page. It keeps all events, so that the page can undo strokes and save a session. */

/** @import { Happened } from "../runtime/history.js" */

const MEMORY = 64e6; // bytes: the limit for all snapshots

/** @typedef {{ step: number, events: number, texels: { byteLength: number }, load(run: any): void }} Saved */

/** A history that keeps all events. */
export class Strokes {
  /** The events since step 0. @type {Happened[]} */
  events = [];
  /** The number of events before each stroke. @type {number[]} */
  #starts = [];
  /** The snapshots, the oldest first. @type {Saved[]} */
  #snapshots = [];

  /** Called when a run goes back, with the remaining events. @type {(events: Happened[]) => void} */
  rewound = () => {};

  get snapshot() {
    return this.#snapshots.at(-1) ?? null;
  }

  /** Forgets the run: another one begins. */
  clear() {
    this.events = [];
    this.#starts = [];
    this.#snapshots = [];
    this.rewound(this.events);
  }

  /**
   * Adds a snapshot. It replaces the last one, unless a stroke began after the last one: undo of that stroke needs it.
   * @param {Saved} snapshot
   */
  save(snapshot) {
    const last = this.snapshot;
    if (last && !this.#starts.some((start) => last.events <= start && start < snapshot.events)) this.#snapshots.pop();
    this.#snapshots.push(snapshot);
    while (this.#snapshots.length * snapshot.texels.byteLength > MEMORY) this.#snapshots.shift();
  }

  /** Removes the events since the last snapshot, so that a replay can add them again. @returns these events */
  rewind() {
    const again = this.events.splice(this.snapshot?.events ?? 0);
    this.rewound(this.events);
    return again;
  }

  /** Marks the start of a stroke. */
  begin() {
    this.#starts.push(this.events.length);
  }

  /** The number of strokes that undo can remove. */
  get strokes() {
    return this.#starts.length;
  }

  /** Removes the last stroke: its events, all later events, and the snapshots after its start. */
  undo() {
    const start = this.#starts.pop() ?? 0;
    this.events.length = start;
    this.#snapshots = this.#snapshots.filter(({ events }) => events <= start);
  }
}
