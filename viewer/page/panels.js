/** Panels beside the texture, of which one is open at a time. The controls hide after a while without input. */

import { $ } from "./dom.js";

const IDLE = 4000; // ms without input until the controls hide

export class Panels {
  #timer = 0;

  constructor() {
    for (const opener of this.#openers) opener.onclick = () => this.toggle(opener.getAttribute("aria-controls") ?? "");
    for (const close of document.querySelectorAll(".close")) close.addEventListener("click", () => this.toggle());
    for (const type of ["pointermove", "pointerdown", "keydown"]) addEventListener(type, () => this.#wake());
    this.#wake();
  }

  get #openers() {
    return /** @type {HTMLElement[]} */ ([...document.querySelectorAll("nav button")]);
  }

  /** The name of the open panel, if one is open. */
  get open() {
    return document.querySelector(".panel:not([hidden])")?.id;
  }

  /** Opens a panel, or closes it if it is open. Any other panel closes. Without a name, closes the open panel. */
  toggle(name = this.open) {
    const last = this.open;
    for (const opener of this.#openers) {
      const panel = opener.getAttribute("aria-controls");
      const opens = panel == name && panel != last;
      $(`#${panel}`).hidden = !opens;
      opener.ariaExpanded = `${opens}`;
      if (opens) $(`#${panel}`).dispatchEvent(new Event("open"));
      else if (panel == last) opener.focus({ preventScroll: true });
    }
  }

  #wake() {
    clearTimeout(this.#timer);
    document.body.classList.remove("idle");
    this.#timer = setTimeout(() => document.body.classList.add("idle"), IDLE);
  }
}
