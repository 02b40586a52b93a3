/** The page that `nca export` writes: textures that fill the window, one at a time, under fingers, mouse and keys. */

import { Brushes } from "./brushes.js";
import { Clock } from "./clock.js";
import { $, say } from "./dom.js";
import { settings } from "./embedded.js";
import { receive } from "./files.js";
import { Gallery } from "./gallery.js";
import { Inspector } from "./inspect.js";
import { bindKeys } from "./keys.js";
import { NoWebGL2 } from "./nca.js";
import { Panels } from "./panels.js";
import { Recorder } from "./record.js";
import { shake } from "./shake.js";
import { Space } from "./space.js";
import { Stage } from "./stage.js";
import { swipe } from "./swipe.js";
import { Taker } from "./take.js";

addEventListener("error", ({ error, message }) => {
  document.body.classList.add("failed");
  const poster = /** @type {HTMLImageElement | null} */ (document.querySelector("#textures img"));
  if (poster) document.body.style.backgroundImage = `url(${poster.src})`;
  $("#hint").textContent =
    error instanceof NoWebGL2
      ? "To see it alive, this needs WebGL2: try another browser, or hardware acceleration."
      : message;
});

const panels = new Panels();
const stage = new Stage(/** @type {HTMLCanvasElement} */ (document.querySelector("canvas")));
const gallery = new Gallery(stage);
const clock = new Clock(stage, settings().paused);
const brushes = new Brushes(stage, () => gallery.ink());
const parts = [clock, brushes, new Space(stage, gallery), new Inspector(stage, gallery)];
stage.addEventListener("open", () => parts.forEach((part) => part.begin()));
new Recorder(stage, clock, () => gallery.address);
new Taker(stage, gallery);
receive(gallery, (session) => gallery.replay(session));
shake($("#shake"), () => brushes.clear());
swipe($("header"), (by) => gallery.turn(by));
bindKeys({ stage, gallery, clock, brushes, panels });
say(""); // in place of what is for those without JavaScript
gallery.open();
