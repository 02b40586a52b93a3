/**
 * A run that a page can replay. It records what the page does besides steps, undoes strokes, and saves sessions.
 *
 * @import { Automaton, Bundle } from "../runtime/automaton.js"
 * @import { Happened } from "../runtime/history.js"
 * @import { Texture } from "../runtime/texture.js"
 * @import { Strokes } from "./strokes.js"
 * @typedef {{ bundles: Bundle[], seed: number, steps: number, events: Happened[] }} Told
 */

import { modulo } from "../runtime/automaton.js";
import { rebuild } from "../runtime/history.js";
import { drawNoise } from "./noise.js";
import { Painter, TURNS } from "./painter.js";

const METHODS = ["erase", "restore", "keep", "noise", "own", "slow", "turn"];

export class Session {
  /** The event list of the replay in progress, or null. @type {Happened[] | null} */
  #again = null;

  /** @param {Texture} nca @param {Strokes} history the history of nca */
  constructor(nca, history) {
    this.nca = nca;
    this.history = history;
    this.painter = new Painter(nca.automaton);
    history.rewound = (events) => this.painter.follow(events);
    teach(nca.automaton, this.painter);
  }

  /** Whether a replay is in progress. The session ignores strokes meanwhile. */
  get replaying() {
    return this.#again == this.history.events; // another run has another list
  }

  /**
   * Draws a disc. The kinds "erase", "restore" and "noise" take no more numbers.
   * @param {string} kind @param {number} x @param {number} y @param {number} r @param {number[]} more
   */
  brush(kind, x, y, r, ...more) {
    const { width, height } = this.nca;
    this.#do(kind, modulo(x, width), modulo(y, height), Math.min(r, width + height), ...more);
  }

  /** Saves the state for the "restore" brush. */
  keep() {
    this.#do("keep");
  }

  /** The angle by which all cells turn what they perceive, in units of 1/256 of a turn. */
  get turn() {
    return this.painter.turn;
  }

  set turn(turn) {
    if (turn != this.turn) this.#do("turn", modulo(Math.round(turn), TURNS));
  }

  /** Starts a stroke, which undo can remove. */
  stroke() {
    this.history.begin();
    this.nca.recovery.save(1);
  }

  /**
   * Removes the last stroke: replays from before the stroke, without it, up to the current step.
   * @returns whether there was a stroke
   */
  async undo() {
    const { nca, history } = this;
    if (this.replaying || !history.strokes) return false;
    await this.#redo(async () => {
      await this.#while(() => nca.recovery.save(Infinity)); // wait for a snapshot in progress
      if (!this.replaying) return;
      history.undo();
      await this.#rebuild(history.rewind(), nca.stepCount);
    });
    return true;
  }

  /** Returns all that another page, or torch, needs to replay the run. */
  toJSON() {
    const { width, height, seed, stepCount } = this.nca;
    const { bundles } = this.painter;
    const events = [...this.history.events];
    return { format: "nca-session-1", bundles, width, height, seed, steps: stepCount, events };
  }

  /** Replays a saved session, from its seed. The grid must have the session's size. @param {Told} told */
  async replay({ bundles, seed, steps, events }) {
    const unknown = events.find(([, kind]) => !METHODS.includes(kind));
    if (unknown) throw new Error(`event of kind ${unknown[1]}, expected one of ${METHODS.join(", ")}`);
    this.painter.share(bundles.slice(1));
    this.nca.reset(seed); // also forgets earlier strokes
    await this.#redo(() => this.#rebuild(events, steps));
  }

  /** Calls a method of the automaton, unless a replay is in progress. @param {string} kind @param {number[]} numbers */
  #do(kind, ...numbers) {
    if (!this.replaying) /** @type {any} */ (this.nca.automaton)[kind](...numbers);
  }

  /**
   * Pauses the texture during work that takes several frames. A new run ends this work.
   * @param {() => Promise<void>} work
   */
  async #redo(work) {
    const { nca, history } = this;
    const { playing } = nca;
    nca.pause();
    this.#again = history.events;
    try {
      await work();
    } finally {
      if (this.replaying) this.#again = null;
      if (playing && nca.automaton.fields.length) nca.play(); // unless destroyed meanwhile
    }
  }

  /** Replays from the last snapshot, or from step 0. @param {Happened[]} events @param {number} step */
  async #rebuild(events, step) {
    const way = rebuild(this.nca.automaton, this.history.snapshot, events, step);
    await this.#while(() => !way.next().done);
  }

  /** Calls a function once per frame while it returns true. @param {() => unknown} more */
  async #while(more) {
    while (this.replaying && more()) await new Promise(requestAnimationFrame);
  }
}

/** Adds the brushes of a page to an automaton, as methods. @param {Automaton} automaton @param {Painter} painter */
function teach(automaton, painter) {
  /** @type {Record<string, (...numbers: number[]) => void>} */
  const brushes = {
    noise: (x, y, r) => drawNoise(automaton, x, y, r),
    own: (...numbers) => painter.paint("own", ...numbers),
    slow: (...numbers) => painter.paint("slow", ...numbers),
    turn: (turn) => (painter.turn = turn),
  };
  for (const [kind, draw] of Object.entries(brushes))
    Object.assign(automaton, {
      [kind](/** @type {number[]} */ ...numbers) {
        draw(...numbers);
        automaton.witness?.add(kind, ...numbers);
      },
    });
}
