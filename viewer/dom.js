/** What the page's parts share: finding elements, telling people, giving them files and texts. */

/** @param {string} selector @param {ParentNode} [within] */
export const $ = (selector, within = document) => /** @type {HTMLInputElement} */ (within.querySelector(selector));

/** Shown over the texture and read out. @param {string} text */
export function say(text) {
  $("#hint").textContent = text;
}

/** A file for the user's downloads. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const href = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60000); // Safari reads it only after the click
  say(`Saved ${name}.`);
}

/** @param {string} text @param {string} what it is */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}.`);
  } catch {
    say(`This browser lets no page copy ${what}.`); // in frames, or over plain http
  }
}

/** Moves a slider as a user does. @param {string} selector @param {number} by */
export function slide(selector, by) {
  const slider = $(selector);
  slider.valueAsNumber += by;
  slider.dispatchEvent(new Event("input"));
}
