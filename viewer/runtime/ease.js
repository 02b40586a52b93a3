/**
 * Eases the work of a slow device: where frames come late, a decoder paints fewer pixels per cell. The automaton takes
 * fewer steps only after that.
 */

/** @import { Automaton } from "./automaton.js" */

/** Pixels per cell, across and down: no decoder paints more. */
export const FINEST = 8;

const LATE = 4; // slow frames until the detail falls
const LONG = 66; // ms: a frame that takes longer counts twice
const FORGIVEN = 0.1; // the part of a slow frame that a frame in time makes up for
const CALM = 300; // frames in time until the detail rises again, at first

export class Ease {
  /** The largest detail that the device manages, as measured so far. */
  most = FINEST;
  #slow = 0;
  #calm = 0;
  #patience = CALM;
  /** When the device got its last frame, and whether it was slow since then. */
  #began = 0;
  #waits = false;

  /**
   * @param {() => number} detail returns the detail in use, or 1 where it must not fall
   * @param {() => void} changed is called after most has changed
   */
  constructor(detail, changed) {
    this.detail = detail;
    this.changed = changed;
  }

  /** Watches the frames of an automaton. @param {Automaton} automaton */
  watch(automaton) {
    const advance = automaton.advance.bind(automaton);
    automaton.advance = (pace) => {
      const { speed, gl } = automaton;
      pace.spare = () => speed < Infinity && this.detail() > 1;
      // At the speed Infinity, frames are late by design until only one step fits.
      if (pace.busy) this.#waits ||= !gl.isContextLost() && (speed < Infinity || pace.most == 1);
      else this.#next(performance.now());
      return advance(pace);
    };
  }

  /** The device is ready for a frame. @param {number} now */
  #next(now) {
    if (this.#waits) this.#late(now - this.#began > LONG ? 2 : 1);
    else this.#inTime();
    this.#waits = false;
    this.#began = now;
  }

  /** @param {number} weight */
  #late(weight) {
    this.#calm = 0;
    this.#slow += weight;
    if (this.#slow >= LATE && this.detail() > 1) this.#set(this.detail() / 2);
  }

  /** After each rise the next one comes later, so that the detail does not swing for ever. */
  #inTime() {
    this.#slow = Math.max(0, this.#slow - FORGIVEN);
    if (this.most == FINEST || ++this.#calm < this.#patience) return;
    this.#patience *= 2;
    this.#set(2 * this.most);
  }

  /** @param {number} most */
  #set(most) {
    this.most = most;
    this.#slow = this.#calm = 0;
    this.changed();
  }
}
