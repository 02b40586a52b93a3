/** Bundles and sessions that people bring: dropped on the page, or chosen. */

/** @import { Gallery } from "./gallery.js" */
import { $, say } from "./dom.js";

const SHADERS = ["vertex", "step", "brush", "display"];

/** @param {Gallery} gallery @param {(session: any) => Promise<void>} replay */
export function receive(gallery, replay) {
  /** @param {Iterable<File>} files */
  const take = async (files) => {
    for (const file of files)
      try {
        const content = parse(await file.text());
        if (content.format == "nca-session-1") await replay(content);
        else gallery.go({ address: gallery.add(content) });
        say("");
      } catch (error) {
        const [reason] = /** @type {Error} */ (error).message.split("\n"); // of a shader's complaint
        say(`${file.name}: ${reason}`);
      }
  };
  const input = $("[type=file]");
  input.onchange = () => take(input.files ?? []);
  ondragover = (event) => event.preventDefault();
  ondrop = (event) => {
    event.preventDefault();
    take(event.dataTransfer?.files ?? []);
  };
}

/** A session, or a bundle with all that a texture needs. @param {string} text @throws what is wrong with it */
function parse(text) {
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error("not JSON, expected a .nca.json bundle or a session");
  }
  const { format, name, channels, hidden, shaders } = content ?? {};
  if (format == "nca-session-1") return content;
  if (format != "nca-fixed-1") throw new Error(`format is ${format}, expected nca-fixed-1 or nca-session-1`);
  if (![4, 8, 12, 16].includes(channels)) throw new Error(`channels is ${channels}, expected 4, 8, 12 or 16`);
  if (!(hidden > 0 && hidden % 4 == 0)) throw new Error(`hidden is ${hidden}, expected a multiple of 4`);
  const missing = SHADERS.find((pass) => typeof shaders?.[pass] != "string");
  if (missing) throw new Error(`no ${missing} shader in it, expected ${SHADERS.join(", ")}`);
  return { ...content, name: `${name ?? "Texture"}` };
}
