/** Lets an automaton run on its canvas, as many steps a frame as its speed says and its device can. */

/** @import { Automaton } from "./automaton.js" */
import { Pace } from "./pace.js";

export class Player {
  #frame = 0;

  /** @param {Automaton} automaton */
  constructor(automaton) {
    this.automaton = automaton;
    this.pace = new Pace(automaton.gl);
  }

  get playing() {
    return this.#frame > 0;
  }

  /** A hidden tab gets no animation frames, so nothing runs there. */
  play() {
    this.#frame ||= requestAnimationFrame(this.#tick);
  }

  pause() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #tick = () => {
    this.#frame = requestAnimationFrame(this.#tick);
    this.pace.begin();
    if (!this.automaton.advance(this.pace)) return;
    this.automaton.draw();
    this.pace.end();
  };
}
