/** Opens bundles and sessions from files that users drop on the page or choose. */

/** @import { Gallery } from "./gallery.js" */
import { accept } from "../data/bundle.js";
import { $, say } from "./dom.js";

/** @param {Gallery} gallery @param {(session: any) => Promise<void>} replay */
export function receive(gallery, replay) {
  /** @param {Iterable<File>} files */
  const take = async (files) => {
    for (const file of files)
      try {
        const content = parse(await file.text());
        if (content.format == "nca-session-1") await replay(content);
        else gallery.go({ address: gallery.add(accept(content)) });
        say("");
      } catch (error) {
        const [reason] = /** @type {Error} */ (error).message.split("\n"); // without a shader's source
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

/** Parses a session or a bundle. Its content is not yet checked. @param {string} text */
function parse(text) {
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error("not JSON, expected a .nca.json bundle or a session");
  }
  const format = content?.format;
  if (!["nca-fixed-1", "nca-fixed-2", "nca-session-1"].includes(format))
    throw new Error(`format is ${format}, expected nca-fixed-1, nca-fixed-2 or nca-session-1`);
  return content;
}
