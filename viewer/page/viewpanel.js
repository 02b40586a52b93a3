/** The panel for the grid, the seed, the zoom, the detail and the turn. */

/** @import { Stage } from "./stage.js" */
/** @import { Gallery } from "./gallery.js" */
import { asked } from "./asked.js";
import { $ } from "./dom.js";

export class ViewPanel {
  /** @param {Stage} stage @param {Gallery} gallery */
  constructor(stage, gallery) {
    this.stage = stage;
    $("#grid").onchange = () => gallery.go({ size: $("#grid").value });
    $("#seed").onchange = () => gallery.go({ seed: $("#seed").value });
    $("#another").onclick = () => gallery.go({ seed: Math.floor(Math.random() * 2 ** 32) });
    $("#zoom").oninput = () => stage.magnify(2 ** $("#zoom").valueAsNumber / stage.zoom);
    $("#turn").oninput = () => {
      stage.session.turn = $("#turn").valueAsNumber;
      this.#tell();
    };
    $("#detail").onchange = () => {
      stage.chosen = +$("#detail").value;
      stage.draw();
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

  /** Updates the panel for another texture or grid. */
  begin() {
    const grid = asked().given.get("size") ?? "";
    if (!document.querySelector(`#grid [value="${CSS.escape(grid)}"]`)) $("#grid").append(new Option(grid, grid));
    $("#grid").value = grid;
    $("#seed").value = `${this.stage.nca.seed}`;
  }

  #tell() {
    const { zoom, session, decoded, detail } = this.stage;
    $("label:has(#detail)").hidden = !decoded;
    $("#detail ~ output").value = `${detail} px a cell`;
    $("#zoom").value = `${Math.log2(zoom)}`;
    $("#zoom ~ output").value = `${Math.round(zoom * 100)} %`;
    $("#turn").value = `${session.turn}`;
    $("#turn ~ output").value = `${Math.round((session.turn * 360) / 256)}°`;
  }
}
