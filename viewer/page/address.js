/** The address of a texture in a page, which follows the #. export/addresses.py uses the same rule. */

const SETTINGS = ["paused", "seed", "size"]; // an address may contain these besides a texture's name

/**
 * Returns the name in lower case. If a setting or another texture has that address, the first free number from 2 on
 * follows it.
 * @param {string} name @param {{ has(address: string): boolean }} taken
 */
export function address(name, taken) {
  const plain = fileName(name);
  let found = plain;
  for (let n = 2; SETTINGS.includes(found) || taken.has(found); n++) found = `${plain}-${n}`;
  return found;
}

/** Does what file_name of nca/files.py does. @param {string} name */
const fileName = (name) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, "-")
    .slice(0, 64)
    .replace(/^[-.]+|[-.]+$/g, "") || "texture";
