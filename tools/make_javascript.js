/**
 * Writes docs/javascript.md from the JSDoc of the runtime and the element: `node tools/make_javascript.js`. It prints the
 * page; `make docs` keeps it.
 */

import ts from "typescript";

const MODULES = [
  ["nca.js", "viewer/runtime/nca.js", "The runtime, which [the module](module.md) explains with examples."],
  [
    "nca-texture.js",
    "viewer/element/element.js",
    "The element, which [its own page](element.md) explains with examples.",
  ],
];

const HEAD = `# JavaScript API

What the two modules export, from the JSDoc of their sources. \`make docs\` writes this page.
`;

const options = {
  allowJs: true,
  checkJs: true,
  strict: true,
  target: ts.ScriptTarget.ES2022,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  module: ts.ModuleKind.ES2022,
};
const program = ts.createProgram(
  MODULES.map(([, path]) => path),
  options,
);
const checker = program.getTypeChecker();
const FORMAT = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;

/** The section of a module. */
function module([name, path, text]) {
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(path));
  const exported = checker
    .getExportsOfModule(symbol)
    .map((each) => (each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each));
  return (
    `\n## \`${name}\`\n\n${text}\n` +
    exported
      .filter((each) => each.flags & ts.SymbolFlags.Value)
      .map(item)
      .join("")
  );
}

/** What is exported: a class with its members, or a function or a constant. */
function item(symbol) {
  const declared = symbol.valueDeclaration;
  const members = ts.isClassDeclaration(declared) ? [...symbol.members.values()].filter(isPublic) : [];
  const head = members.length || ts.isClassDeclaration(declared) ? `class ${symbol.name}` : signature(symbol, declared);
  return `\n### \`${symbol.name}\`\n\n\`\`\`ts\n${head}\n\`\`\`\n${prose(symbol)}${list(members)}`;
}

/** Whether others use a member, not the class or the browser alone. */
function isPublic(symbol) {
  const declared = symbol.valueDeclaration;
  const method =
    ts.isMethodDeclaration(declared ?? {}) ||
    ts.isAccessor(declared ?? {}) ||
    ts.isPropertyDeclaration(declared ?? {}) ||
    ts.isBinaryExpression(declared?.parent ?? {});
  return (
    method &&
    !/^(#|__)|Callback$/.test(symbol.name) &&
    !declared.name?.text?.startsWith("#") &&
    !ts.isPrivateIdentifier(declared.name ?? {})
  );
}

const list = (members) =>
  members.length
    ? "\n" + members.map((each) => `- \`${signature(each, each.valueDeclaration)}\`${line(each)}\n`).join("")
    : "";

/** A name with its type, as TypeScript writes it. */
function signature(symbol, declared) {
  const type = checker.getTypeOfSymbolAtLocation(symbol, declared);
  const [call] = type.getCallSignatures();
  return (
    symbol.name +
    (call ? checker.signatureToString(call, declared, FORMAT) : `: ${checker.typeToString(type, declared, FORMAT)}`)
  );
}

const text = (symbol) => ts.displayPartsToString(symbol.getDocumentationComment(checker)).replace(/\s+/g, " ").trim();
const prose = (symbol) => (text(symbol) ? `\n${text(symbol)}\n` : "");
const line = (symbol) => (text(symbol) ? `: ${text(symbol)}` : "");

process.stdout.write(HEAD + MODULES.map(module).join(""));
