/** The attributes of the element. Each one is also a property. */

/** The attributes and their defaults. cell is the side of a cell in CSS pixels. brush is a radius in cells. */
export const ATTRIBUTES = {
  src: "",
  seed: 0,
  speed: 1,
  fps: Infinity,
  paused: false,
  grid: "",
  cell: 2,
  brush: 0,
  poster: "",
  alt: "",
};

/** Adds the properties to the prototype of an element class. @param {HTMLElement} prototype */
export function mirrorAttributes(prototype) {
  for (const [name, absent] of Object.entries(ATTRIBUTES))
    Object.defineProperty(prototype, name, {
      get() {
        return parse(this.getAttribute(name), absent);
      },
      set(value) {
        value === false || value == null
          ? this.removeAttribute(name)
          : this.setAttribute(name, value === true ? "" : value);
      },
    });
}

/**
 * Sets the properties that a page has set before the element had its class. Until now they hid those of the class.
 * @param {any} element @param {string[]} names
 */
export function takeProperties(element, names) {
  for (const name of names) {
    if (!Object.hasOwn(element, name)) continue;
    const value = element[name];
    delete element[name];
    element[name] = value;
  }
}

/**
 * Parses an attribute. The value has the type of the default.
 * @param {string | null} text @param {string | number | boolean} absent the default
 */
function parse(text, absent) {
  if (absent === false) return text != null;
  if (absent === "") return text ?? "";
  const number = parseFloat(text ?? "");
  return number >= 0 ? number : absent;
}
