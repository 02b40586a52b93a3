/** The panel for what users take away: an image, a link, code, the bundle, or the session. */

/** @import { Bundle } from "../runtime/automaton.js" */
/** @import { Stage } from "./stage.js" */
/** @import { Gallery } from "./gallery.js" */
import { checkSession } from "../session/check.js";
import { $, copy, save, say } from "./dom.js";

export class SharePanel {
  /** @param {Stage} stage @param {Gallery} gallery */
  constructor(stage, gallery) {
    this.stage = stage;
    this.gallery = gallery;
    stage.addEventListener("open", () => {
      const { decoder } = stage.nca.bundle;
      if (decoder) $("#scale").value = `${decoder.detail}`;
    });
    $("#picture").onclick = () => this.#picture(+$("#scale").value);
    $("#link").onclick = () => copy(location.href.split("#")[0] + gallery.hash(), "the link");
    $("#embed").onclick = () => copy(this.#frame(), "the embed code");
    $("#shader").onclick = () => copy(gallery.bundle.shaders.step, "the step's shader");
    $("#bundle").onclick = () => save(json(stored(gallery.bundle)), `${gallery.address}.nca.json`);
    $("#session").onclick = () => this.#session();
  }

  /** Saves the session, unless nobody could open it: after too many steps, for one. */
  #session() {
    const all = this.stage.session.toJSON();
    const session = { ...all, bundles: all.bundles.map(stored) };
    try {
      checkSession(session, (bundle) => bundle);
      save(json(session), `${this.gallery.address}.session.json`);
    } catch (error) {
      say(`Not saved: ${/** @type {Error} */ (error).message}.`);
    }
  }

  /** Saves the tile as a PNG. @param {number} scale pixels per cell */
  #picture(scale) {
    const { nca, show, view } = this.stage;
    const pixels = new ImageData(
      view.whole(show, () => nca.pixels(scale)),
      nca.width * scale,
    );
    const { width, height } = pixels;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d")?.putImageData(pixels, 0, 0);
    canvas.toBlob((blob) => blob && save(blob, `${this.gallery.address}.png`));
  }

  /** Returns the embed code. For a local file it works in a page in the same folder, and otherwise in any page. */
  #frame() {
    const [place] = location.href.split("#");
    const source = location.protocol == "file:" ? place.split("/").at(-1) : place;
    const title = this.gallery.bundle.name.replace(/[&"<]/g, (mark) => `&#${mark.charCodeAt(0)};`);
    const hash = this.gallery.hash().replaceAll("&", "&amp;");
    return `<iframe src="${source}${hash}" width="640" height="400" style="border: 0" title="${title}"></iframe>`;
  }
}

/** A bundle without its shaders: whoever opens it makes them anew. @param {Bundle} bundle */
const stored = ({ shaders, ...bundle }) => bundle;

/** @param {object} object */
const json = (object) => new Blob([JSON.stringify(object, null, 1) + "\n"], { type: "application/json" });
