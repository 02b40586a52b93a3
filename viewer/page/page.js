/** The page that `nca export` writes. A texture fills the window, and fingers, the mouse and keys act on it. */

import { Brushes } from "./brushes.js";
import { Clock } from "./clock.js";
import { DeviceCheck } from "./device.js";
import { $, framed, say } from "./dom.js";
import { settings } from "../data/embedded.js";
import { receive } from "./files.js";
import { Gallery } from "./gallery.js";
import { Inspector } from "./inspect.js";
import { bindKeys } from "./keys.js";
import { NoWebGL2 } from "../runtime/automaton.js";
import { Panels } from "./panels.js";
import { Recorder } from "./record.js";
import { SharePanel } from "./share.js";
import { shake } from "./shake.js";
import { Stage } from "./stage.js";
import { swipe } from "./swipe.js";
import { ViewPanel } from "./viewpanel.js";

addEventListener("error", ({ error, message }) => {
  document.body.classList.add("failed");
  const poster = /** @type {HTMLImageElement | null} */ (document.querySelector("#textures img"));
  if (poster) document.body.style.backgroundImage = `url(${poster.src})`;
  $("#hint").textContent =
    error instanceof NoWebGL2
      ? "To see it alive, this needs WebGL2: try another browser, or hardware acceleration."
      : message;
});

const fitFrame = () => document.documentElement.classList.toggle("framed", framed());
const panels = new Panels();
export const stage = new Stage(/** @type {HTMLCanvasElement} */ (document.querySelector("canvas")));
export const gallery = new Gallery(stage);
const clock = new Clock(stage, settings().paused);
const brushes = new Brushes(stage, () => gallery.ink());
const inside = [new Inspector(stage, gallery), new DeviceCheck(stage, gallery)];
const parts = [clock, brushes, new ViewPanel(stage, gallery), ...inside];
stage.addEventListener("open", () => parts.forEach((part) => part.begin()));
new Recorder(stage, clock, () => gallery.address);
new SharePanel(stage, gallery);
receive(gallery, (session) => gallery.replay(session));
shake($("#shake"), () => brushes.clear());
swipe($("header"), (by) => gallery.turn(by));
bindKeys({ stage, gallery, clock, brushes, panels });
addEventListener("resize", fitFrame);
fitFrame();
say(""); // removes the hint for users without JavaScript
gallery.open();
