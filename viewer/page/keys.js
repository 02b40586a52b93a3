/** The keyboard controls of the whole page. */

/** @import { Stage } from "./stage.js" */
/** @import { Gallery } from "./gallery.js" */
/** @import { Clock } from "./clock.js" */
/** @import { Brushes } from "./brushes.js" */
/** @import { Panels } from "./panels.js" */
import { $, slide } from "./dom.js";

const ARROWS = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, -1], arrowdown: [0, 1] };
const PANELS = { g: "textures", v: "view", i: "inside", t: "take", k: "keys", "?": "keys" };
const THEIRS = /^( |Enter|Arrow)/; // keys that a button or a slider needs
const PARTS = 8; // a key moves the view by this fraction of the window: 1/8

/** @param {{ stage: Stage, gallery: Gallery, clock: Clock, brushes: Brushes, panels: Panels }} page */
export function bindKeys({ stage, gallery, clock, brushes, panels }) {
  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const keys = {
    " ": () => clock.run(!clock.playing),
    s: () => clock.step(),
    r: () => $("#reset").click(),
    u: () => $("#undo").click(),
    c: () => brushes.clear(),
    b: () => brushes.choose(),
    "[": () => slide("#size", -1),
    "]": () => slide("#size", 1),
    "-": () => slide("#speed", -1),
    "+": () => slide("#speed", 1),
    "=": () => slide("#speed", 1), // on some keyboards, the key of + without Shift
    z: () => stage.magnify(1.25),
    x: () => stage.magnify(0.8),
    0: () => stage.fit(),
    n: () => gallery.turn(1),
    p: () => gallery.turn(-1),
    enter: () => brushes.use(),
    escape: () => panels.toggle(),
  };
  for (const place of [1, 2, 3, 4, 5, 6]) keys[place] = () => brushes.choose(place - 1);
  for (const [key, panel] of Object.entries(PANELS)) keys[key] = () => panels.toggle(panel);
  for (const [key, [right, down]] of Object.entries(ARROWS))
    keys[key] = ({ shiftKey }) =>
      shiftKey ? stage.move((-right * innerWidth) / PARTS, (-down * innerHeight) / PARTS) : brushes.step(right, down);

  onkeydown = (event) => {
    const key = typed(event, keys);
    const undo = key == "z" && (event.ctrlKey || event.metaKey);
    const action = undo ? keys.u : keys[key];
    if (!action || theirs(event) || (!undo && shortcut(event))) return;
    event.preventDefault();
    action(event);
  };
}

/**
 * The key in small letters. Where a layout types no such letter or digit, as Cyrillic ones and the French one do, the
 * place of the key counts.
 * @param {KeyboardEvent} event @param {Record<string, unknown>} keys
 */
function typed({ key, code }, keys) {
  const [, letter, digit] = code.match(/^(?:Key(.)|Digit(.))$/) ?? [];
  const foreign = key.length == 1 && key > "~";
  if (keys[key.toLowerCase()] || !(foreign || digit)) return key.toLowerCase();
  return letter?.toLowerCase() ?? digit;
}

/** Whether a key is a shortcut of the browser or the system. AltGr (as Ctrl+Alt) and Option type signs, such as [. @param {KeyboardEvent} event */
function shortcut({ key, ctrlKey, altKey, metaKey }) {
  const sign = altKey && /^[^a-z0-9]$/i.test(key);
  return metaKey || ((ctrlKey || altKey) && !sign);
}

/**
 * Whether the focused control needs the key: to enter text, to press a button or to move a slider.
 * @param {KeyboardEvent} event
 */
function theirs({ key, target }) {
  const element = /** @type {HTMLElement} */ (target);
  if (element.matches("[type=number], select") && key != "Escape") return true;
  return THEIRS.test(key) && !element.matches(key == " " ? "canvas, body, [type=range]" : "canvas, body");
}
