/**
 * The page of a texture that is being trained: new weights come into the running field. Python's side is
 * nca/callbacks/live.
 *
 * @import { Stored } from "../data/fill.js"
 * @typedef {{ run: string, texture: Stored, progress: number, line: string, ended: boolean }} Now the weights and
 *   figures of a training. run: which training it is, since another one may answer at the same address later
 */

import { fromPage } from "../data/bundle.js";
import { $ } from "../page/dom.js";
import { gallery, stage } from "../page/page.js";
import { learn } from "../runtime/learn.js";

const { bundle } = gallery; // opened first; users can open others meanwhile
const source = new EventSource("now");
/** The run that the page shows. */
let current = "";
/** The newest weights that the page has not taken yet. @type {Stored | null} */
let newest = null;
let busy = false;

source.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
source.addEventListener("error", () => tell("The training does not answer. The texture lives on."));

/** @param {Now} now */
function hear(now) {
  if (current && now.run != current) location.reload();
  current = now.run;
  tell(now.line);
  $("#training progress").value = `${now.progress}`;
  if (now.ended) source.close();
  newest = now.texture;
  if (!busy) take();
}

/** Takes the newest weights, and those that come meanwhile. */
async function take() {
  busy = true;
  while (newest) {
    const better = fromPage(newest);
    newest = null;
    await learn(stage.gl, bundle, better);
    stage.session.painter.renew();
    stage.view.forget();
    stage.draw();
  }
  busy = false;
}

/** @param {string} line */
function tell(line) {
  $("#training p").textContent = line;
}
