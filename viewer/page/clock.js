/**
 * Decides when the texture takes steps: at the speed of the slider, and only while it is visible.
 * If the system asks for less motion, the texture stands still until the user presses Play.
 */

/** @import { Stage } from "./stage.js" */
import { reducedMotion, STILL } from "../runtime/still.js";
import { $, say, slide } from "./dom.js";

const ICONS = { Play: "M8 5l11 7-11 7z", Pause: "M8 5v14m8-14v14" };

export class Clock {
  #playing = true;
  #visible = true;
  #motion = reducedMotion();

  /** @param {Stage} stage @param {boolean} paused */
  constructor(stage, paused) {
    this.stage = stage;
    this.#playing = !this.#motion.matches && !paused;
    this.#motion.onchange = () => this.run(!this.#motion.matches);
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.#visible = isIntersecting; // an <iframe> may be scrolled out of view
      this.#update();
    }).observe(stage.canvas);
    document.addEventListener("visibilitychange", () => this.#update());
    $("#speed").oninput = () => this.#pace();
    $("#play").onclick = () => this.run(!this.#playing);
    $("#step").onclick = () => this.step();
    $("#reset").onclick = () => {
      stage.nca.reset();
      stage.nca.draw();
    };
    slide("#speed", 0);
  }

  /** Starts with a new texture or grid, at step 0. */
  begin() {
    this.#pace();
    this.#update();
    if (this.#playing || !this.#motion.matches) return;
    this.stage.nca.step(STILL);
    say("Paused: your system asks for less motion. Press Play to start.");
  }

  get playing() {
    return this.#playing;
  }

  /** @param {boolean} on */
  run(on) {
    this.#playing = on;
    this.#update();
  }

  step() {
    this.run(false);
    this.stage.nca.step();
    this.stage.nca.draw();
  }

  #update() {
    const { nca } = this.stage;
    const does = this.#playing ? "Pause" : "Play";
    Object.assign($("#play"), { ariaLabel: does, title: `${does} (Space)` });
    $("#play path").setAttribute("d", ICONS[does]);
    if (!nca) return;
    this.#playing && this.#visible && !document.hidden ? nca.play() : nca.pause();
  }

  #pace() {
    const slider = $("#speed");
    const speed = slider.value == slider.max ? Infinity : 2 ** +slider.value; // steps per frame
    if (this.stage.nca) this.stage.nca.speed = speed;
    $("#speed ~ output").value = speed == Infinity ? "auto" : speed < 1 ? `1/${1 / speed}` : `${speed}`;
  }
}
