/** The panel of grid, seed, zoom and turn. */

/** @import { Stage } from "./stage.js" */
/** @import { Gallery } from "./gallery.js" */
import { $ } from "./dom.js";
import { settings } from "./embedded.js";

export class Space {
  /** @param {Stage} stage @param {Gallery} gallery */
  constructor(stage, gallery) {
    this.stage = stage;
    $("#grid").onchange = () => gallery.go({ size: $("#grid").value });
    $("#seed").onchange = () => gallery.go({ seed: $("#seed").value });
    $("#another").onclick = () => gallery.go({ seed: Math.floor(Math.random() * 2 ** 32) });
    $("#zoom").oninput = () => stage.magnify(2 ** $("#zoom").valueAsNumber / stage.zoom);
    $("#turn").oninput = () => {
      stage.nca.turn = $("#turn").valueAsNumber;
      this.#tell();
    };
    $("#fit").onclick = () => stage.fit();
    $("#smooth").onchange = () => {
      stage.smooth = $("#smooth").checked;
      stage.draw();
    };
    $("#tiled").onchange = () => {
      stage.tiled = $("#tiled").checked;
      stage.fit();
    };
    stage.addEventListener("view", () => this.#tell());
  }

  /** Tells of another texture or grid. */
  begin() {
    const grid = settings().given.get("size") ?? "";
    if (!document.querySelector(`#grid [value="${CSS.escape(grid)}"]`)) $("#grid").append(new Option(grid, grid));
    $("#grid").value = grid;
    $("#seed").value = `${this.stage.nca.seed}`;
  }

  #tell() {
    const { zoom, nca } = this.stage;
    $("#zoom").value = `${Math.log2(zoom)}`;
    $("#zoom ~ output").value = `${Math.round(zoom * 100)} %`;
    $("#turn").value = `${nca.turn}`;
    $("#turn ~ output").value = `${Math.round((nca.turn * 360) / 256)}°`;
  }
}
