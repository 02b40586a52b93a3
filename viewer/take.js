/** What people take with them: a picture, a link, code, the bundle, the session. */

/** @import { Stage } from "./stage.js" */
/** @import { Gallery } from "./gallery.js" */
import { $, copy, save } from "./dom.js";
import { toBundle } from "./bundle.js";

export class Taker {
  /** @param {Stage} stage @param {Gallery} gallery */
  constructor(stage, gallery) {
    this.stage = stage;
    this.gallery = gallery;
    $("#picture").onclick = () => this.#picture(+$("#scale").value);
    $("#link").onclick = () => copy(location.href.split("#")[0] + gallery.hash(), "the link");
    $("#embed").onclick = () => copy(this.#frame(), "the embed code");
    $("#shader").onclick = () => copy(gallery.bundle.shaders.step, "the step's shader");
    $("#bundle").onclick = () => save(json(toBundle(gallery.bundle)), `${gallery.address}.nca.json`);
    $("#session").onclick = () => save(json(stage.nca.session()), `${gallery.address}.session.json`);
  }

  /** The tile as a PNG. @param {number} scale pixels a cell */
  #picture(scale) {
    const { nca } = this.stage;
    const pixels = new ImageData(nca.pixels(scale, this.stage.show), nca.width * scale);
    const { width, height } = pixels;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d")?.putImageData(pixels, 0, 0);
    canvas.toBlob((blob) => blob && save(blob, `${this.gallery.address}.png`));
  }

  /** For a page beside this one, or anywhere where this one has an address of its own. */
  #frame() {
    const [place] = location.href.split("#");
    const source = location.protocol == "file:" ? place.split("/").at(-1) : place;
    const title = this.gallery.bundle.name.replace(/[&"<]/g, (mark) => `&#${mark.charCodeAt(0)};`);
    const hash = this.gallery.hash().replaceAll("&", "&amp;");
    return `<iframe src="${source}${hash}" width="640" height="400" style="border: 0" title="${title}"></iframe>`;
  }
}

/** @param {object} object */
const json = (object) => new Blob([JSON.stringify(object, null, 1) + "\n"], { type: "application/json" });
