/** The check of the device, in the panel that shows the inside, and the report of it. */

/** @import { Stage } from "./stage.js" */
/** @import { Gallery } from "./gallery.js" */
import { $, copy } from "./dom.js";
import { grouped } from "./gallery.js";
import { check } from "../runtime/check.js";

const LIMITS = ["MAX_TEXTURE_SIZE", "MAX_TEXTURE_IMAGE_UNITS", "MAX_DRAW_BUFFERS", "MAX_FRAGMENT_UNIFORM_VECTORS"];

export class DeviceCheck {
  #report = "";

  /** @param {Stage} stage @param {Gallery} gallery */
  constructor(stage, gallery) {
    this.stage = stage;
    this.gallery = gallery;
    $("#check").onclick = () => this.#check();
    $("#report").onclick = () => copy(this.#report, "the report");
  }

  /** Another texture is open: files that users open may have no proof. */
  begin() {
    $("#device").hidden = !this.gallery.bundle.provenance.proof;
    this.#show("");
  }

  async #check() {
    const { bundle } = this.gallery;
    $("#check").disabled = true;
    this.#show("Checking ...");
    const found = await check(bundle).catch(({ message }) => ({ message }));
    $("#check").disabled = false;
    if (bundle != this.gallery.bundle) return; // it is the result of another texture
    const result = "hash" in found ? sentence(found) : `It does not run: ${found.message}.`;
    const facts = {
      texture: `${bundle.name}, ${bundle.format}, ${bundle.channels} channels, ${bundle.hidden} hidden units`,
      result,
      hashes: "hash" in found && `${hex(found.hash)} here, ${hex(bundle.provenance.proof.hash)} in torch`,
      browser: navigator.userAgent,
      limits: LIMITS.map((name) => `${name} ${this.#limit(name)}`).join(", "),
    };
    const lines = Object.entries(facts).filter(([, fact]) => fact);
    this.#report = lines.map((line) => line.join(": ")).join("\n");
    this.#show(result, true);
    $("#checked").scrollIntoView({ block: "nearest" });
  }

  /** @param {string} name */
  #limit(name) {
    const gl = /** @type {any} */ (this.stage.gl);
    return gl.getParameter(gl[name]);
  }

  /** @param {string} text */
  #show(text, done = false) {
    $("#checked").textContent = text;
    $("#report").hidden = !done;
  }
}

/** @param {Awaited<ReturnType<typeof check>>} found */
function sentence({ same, values, step, renderer, milliseconds }) {
  if (same)
    return `The same bits as torch: ${grouped(values)} values, on ${renderer}, in ${Math.round(milliseconds)} ms.`;
  const where = step ? `first at step ${step} of the check` : "in a picture, or only now and then";
  return `Other bits than torch, ${where}, on ${renderer}.`;
}

/** @param {unknown} hash of this device, or of a file, where it may be anything */
const hex = (hash) => Number(hash).toString(16).padStart(8, "0");
