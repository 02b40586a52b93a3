/**
 * Prints custom-elements.json of the npm package, for editors and catalogues: `node tools/make_manifest.js`. The
 * analyzer reads the class. The attributes come from their table in the code, which it cannot read, and the
 * descriptions from docs/element.md.
 */

import { readFileSync } from "node:fs";
import { create, ts } from "@custom-elements-manifest/analyzer";
import { ATTRIBUTES } from "../viewer/element/attributes.js";

const MODULE = "viewer/element/element.js";
const CALL = /^(\w+)\((.*)\)$/;

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const page = read("docs/element.md");

/** The rows of the tables below a heading: each name of the first cell with the second cell, without its links. */
function rows(heading) {
  const [section] = page.split(`\n## ${heading}\n`)[1].split("\n## ");
  return [...section.matchAll(/^\| (`[^"].*?`) \| (.*?) \|/gm)].flatMap(([, names, text]) =>
    [...names.matchAll(/`(.*?)`/g)].map(([, name]) => [name, text.replace(/\[(.*?)\]\(.*?\)/g, "$1")]),
  );
}

/** The attributes, as the manifest describes them. */
function attributes() {
  const texts = new Map(rows("Attributes"));
  return Object.entries(ATTRIBUTES).map(([name, absent]) => {
    const [type, description] = [{ text: typeof absent }, texts.get(name)];
    return {
      name,
      fieldName: name,
      type,
      default: typeof absent == "string" ? JSON.stringify(absent) : String(absent),
      description,
    };
  });
}

/** The property of an attribute. */
const mirrored = ({ fieldName, ...attribute }) => ({ kind: "field", ...attribute, attribute: fieldName });

/** A method of the automaton's that the class hands on. All its arguments are numbers. */
function handedOn(call) {
  const [, name, names] = call.match(CALL);
  const parameters = names.match(/\w+/g)?.map((name) => ({ name, type: { text: "number" } }));
  return { kind: "method", name, parameters };
}

/** The members that others use, with what the page says of them. @param {any[]} found by the analyzer */
function members(found) {
  const told = rows("Properties and methods");
  const texts = new Map(told.map(([call, text]) => [call.replace(CALL, "$1"), text]));
  const own = found.filter(({ privacy }) => privacy != "private");
  const names = own.map(({ name }) => name);
  const others = told.map(([call]) => call).filter((call) => CALL.test(call) && !names.includes(call.match(CALL)[1]));
  return [...own, ...others.map(handedOn)].map((each) => ({ ...each, description: texts.get(each.name) }));
}

const manifest = create({ modules: [ts.createSourceFile(MODULE, read(MODULE), ts.ScriptTarget.ES2022, true)] });
const element = manifest.modules[0].declarations[0];
Object.assign(element, {
  description: "A living texture. All elements of a page share one WebGL context.",
  attributes: attributes(),
  members: [...attributes().map(mirrored), ...members(element.members)],
  events: rows("Events").map(([name, description]) => ({ name, type: { text: "CustomEvent" }, description })),
  superclass: { name: "HTMLElement" }, // to the analyzer it is a base class of ours, which stands in for it on servers
});
process.stdout.write(JSON.stringify(manifest, null, 2) + "\n");
