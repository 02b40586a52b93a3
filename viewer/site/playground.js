/**
 * The site's playground: choices make a texture and its code. The address keeps them, for a link to share.
 *
 * @import { NcaTexture } from "../element/element.js"
 * @import { Stored } from "../data/fill.js"
 * @import { Choice } from "./code.js"
 */

import { accept } from "../data/bundle.js";
import { FILES, fillCode, fillCommon } from "./code.js";

const TABS = {
  common: "Common",
  buffer_a: "Buffer A",
  buffer_b: "Buffer B",
  buffer_c: "Buffer C",
  buffer_d: "Buffer D",
  image: "Image",
};

/** The last place of the slider is beyond it: every frame of the screen. */
const FASTEST = 60;

/** @type {Record<string, (value: number) => string>} */
const SAID = {
  width: (value) => `${value} px`,
  height: (value) => `${value} px`,
  cell: (value) => `${value} px`,
  speed: (value) => (value < 0 ? `a step every ${2 ** -value} frames` : `${2 ** value} a frame`),
  fps: (value) => (value > FASTEST ? "all" : `${value} a second`),
  brush: (value) => (value ? `${value} cells` : "none"),
};

/** @param {string} selector @returns {any} */
const $ = (selector) => form.querySelector(selector);
const form = /** @type {HTMLFormElement} */ (document.querySelector("#playground"));
const folder = form.dataset.folder;
const texture = /** @type {NcaTexture} */ ($("nca-texture"));
const standard = new FormData(form);
/** The texts of the code, by use. @type {Record<string, string>} */
const codes = JSON.parse($("[type='application/json']").textContent);

/** The bundle that was opened, in place of one of the gallery. @type {{ name: string, file: string, bundle: Stored } | null} */
let own = null;

/** @param {string} text */
const say = (text) => ($("[role=status]").textContent = text);

/** @returns {Choice} */
function choice() {
  const field = (/** @type {string} */ name) => Number(form[name].value);
  const [width, height, cell, brush, seed] = ["width", "height", "cell", "brush", "seed"].map(field);
  const shown = $("[name=texture]:checked");
  const named = own ?? { name: shown?.parentElement.title, file: shown?.value };
  const speed = 2 ** field("speed");
  const fps = field("fps") > FASTEST ? Infinity : field("fps");
  return { name: named.name, file: named.file, width, height, cell, speed, fps, brush, seed };
}

/** Shows the choice: the texture, the values beside the sliders, the code, the address. */
function update() {
  const chosen = choice();
  for (const [name, text] of Object.entries(SAID))
    form[name].parentElement.querySelector("output").textContent = text(Number(form[name].value));
  show(chosen);
  write(chosen);
  remember();
}

/** @param {Choice} chosen */
function show({ name, file, width, height, cell, speed, fps, brush, seed }) {
  const { style } = texture;
  [style.width, style.height] = [`${width}px`, `${height}px`];
  for (const [key, value] of Object.entries({ cell, brush, seed }))
    if (texture.getAttribute(key) != `${value}`) texture.setAttribute(key, `${value}`); // the same seed begins anew, too
  texture.speed = speed;
  texture.fps = fps;
  $(".textures output").textContent = name;
  texture.alt = name;
  const src = `${folder}${file}.nca.json`;
  if (own) {
    texture.removeAttribute("src");
    if (texture.bundle != own.bundle) texture.bundle = own.bundle;
  } else if (texture.getAttribute("src") != src) texture.src = src;
}

/** Shows the code of the choice. The browser cannot make all of it for a bundle that was opened. @param {Choice} chosen */
async function write(chosen) {
  const use = form.form.value;
  $(".tabs").hidden = use != "shadertoy" || own;
  if (own && /iframe|shadertoy/.test(use)) return print(command(chosen, use), []);
  if (use in codes) return print(fillCode(codes[use], chosen), FILES[use](chosen.file));
  const tabs = await (await fetch(`${folder}${chosen.file}.tabs.json`)).json();
  if (own || chosen.file != choice().file || form.form.value != use) return; // another choice meanwhile
  offer(Object.keys(tabs));
  const tab = form.tab.value;
  print(tab == "common" ? fillCommon(tabs["common.glsl"], chosen) : tabs[`${tab}.glsl`], []);
}

/** How to make what the browser cannot make of a bundle. @param {Choice} chosen @param {string} use */
const command = ({ file }, use) => `nca export ${file}.nca.json --format ${use == "iframe" ? "embed" : use}\n`;

/** Offers the tabs of Shadertoy that a texture has. @param {string[]} files */
function offer(files) {
  const names = Object.entries(TABS).filter(([name]) => files.includes(`${name}.glsl`));
  if ($(".tabs").querySelectorAll("input").length == names.length) return;
  const radios = names.map(([value, label], i) => {
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: "tab", value, checked: !i });
    const shown = Object.assign(document.createElement("span"), { textContent: label });
    const whole = document.createElement("label");
    whole.append(radio, shown);
    return whole;
  });
  $(".tabs").replaceChildren($(".tabs legend"), ...radios);
}

/** @param {string} code @param {string[]} files that it needs */
function print(code, files) {
  $("pre code").textContent = code;
  const links = files.map((name) => {
    const there = own && name.endsWith(".nca.json"); // the user has it
    return there
      ? name
      : Object.assign(document.createElement("a"), { href: folder + name, download: name, textContent: name });
  });
  $(".files").replaceChildren(
    ...(links.length ? ["Put beside it: ", links[0], ...links.slice(1).flatMap((each) => [" and ", each])] : []),
  );
}

/** Keeps in the address what is not the default. */
function remember() {
  const given = [...new FormData(form)].filter(
    ([name, value]) => typeof value == "string" && name != "tab" && value != standard.get(name),
  );
  const address = new URLSearchParams(/** @type {any} */ (given));
  history.replaceState(null, "", given.length ? `#${address}` : location.pathname);
}

/** Takes the choice from the address. */
function recall() {
  for (const [name, value] of new URLSearchParams(location.hash.slice(1)))
    if (form[name] instanceof RadioNodeList || form[name] instanceof HTMLInputElement) form[name].value = value;
}

/** @param {File | undefined} file a bundle that was dropped or chosen */
async function open(file) {
  if (!file) return;
  try {
    const bundle = accept(JSON.parse(await file.text()));
    own = { name: bundle.name, file: file.name.replace(/\.nca\.json$|\.json$/, ""), bundle };
    for (const radio of form.texture) radio.checked = false;
    say(`${file.name} is shown.`);
    update();
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    say(`${file.name}: ${error instanceof SyntaxError ? "not JSON, expected a .nca.json bundle" : message}`);
  }
}

recall();
form.addEventListener("input", ({ target }) => {
  const { name } = /** @type {HTMLInputElement} */ (target);
  if (name == "texture") own = null;
  if (name) update();
});
form.addEventListener("reset", () => {
  own = null;
  setTimeout(update); // after the reset
});
form.addEventListener("submit", (event) => event.preventDefault());
$("#again").addEventListener("click", () => texture.reset());
$("#copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText($("pre code").textContent);
  say("Copied.");
});
$("[type=file]").addEventListener("change", (/** @type {any} */ { target }) => open(target.files[0]));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  open(event.dataTransfer?.files[0]);
});
texture.addEventListener("error", ({ detail }) => say(detail.message.split("\n")[0]));
update();
