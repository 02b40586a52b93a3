/** Functions that the parts of the page share: find elements, show messages, save files and copy texts. */

/** @param {string} selector @param {ParentNode} [within] */
export const $ = (selector, within = document) => /** @type {HTMLInputElement} */ (within.querySelector(selector));

/** Whether the page is in a frame of another page that does not fill the screen. So the page around it can scroll. */
export const framed = () => window != top && (innerWidth < screen.width || innerHeight < screen.height);

/** Shows a message over the texture. Screen readers read it, too. @param {string} text */
export function say(text) {
  $("#hint").textContent = text;
}

/** Saves a file to the user's downloads. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const href = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60000); // Safari reads the blob only after the click
  say(`Saved ${name}.`);
}

/** Copies a text to the clipboard. @param {string} text @param {string} what the name of the text in the message */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}.`);
  } catch {
    say(`The browser does not let this page copy ${what}.`); // in an <iframe>, or over plain http
  }
}

/** Moves a slider as a user does, with an input event. @param {string} selector @param {number} by */
export function slide(selector, by) {
  const slider = $(selector);
  slider.valueAsNumber += by;
  slider.dispatchEvent(new Event("input"));
}
