// Puts the files of the build that a thread needs into one: Node takes longer to find, read and wrap forty small files than
// to run them. What tsc has made of each stays a function of its own.
const fs = require("node:fs");
const path = require("node:path").posix;
const ts = require("typescript");

/** A file that is only loaded where it is wanted, with those that only it needs. */
const apart = /(^|\/)local\/handler\.js$/;

/** What tsc makes of `require`, and of `import`, where it names a file of ours. */
const wanted = /\brequire\("(\.[^"]+)"\)/g;

/** What tsc makes of `import`. What is asked of a package stays: the worker has to have loaded it before it serves calls. */
const imported = /^(?:const|var) (\w+_1) = ((?:__import\w+\()?(?:load|require)\("(?!@)[^"]+"\)\)?);$/gm;

/**
 * Writes a file that has in it all that `entry` imports, and what those do.
 *
 * @param {string} dist
 * @param {string} entry - named as in `dist`
 * @param {string} into - at the top of `dist`
 * @param {{ isProgram: boolean }} options - a program runs as its entry does. Else the file gives a function from the name of a
 * module to its exports, which runs a module when something of it is used for the first time: who imports the library and
 * does nothing runs little of it. The files of those modules, and the entry, then pass on what this one has
 */
function bundle(dist, entry, into, { isProgram }) {
  const modules = closure(dist, entry);
  if (!isProgram) modules.delete(entry);
  const functions = [...modules].map(([name, source]) => {
    const named = source.replace('"use strict";', "").replace(wanted, (_, other) => {
      const file = path.join(path.dirname(name), other);
      return modules.has(file) ? `load("${file}")` : `require("./${file}")`;
    });
    return `"${name}"(exports, __filename, __dirname) {\n${shortened(isProgram ? named : deferred(named))}}`;
  });
  const whole = `"use strict";
const path = require("node:path");
const loaded = Object.create(null);
function load(name) {
  if (loaded[name] === undefined) {
    const file = path.join(__dirname, name);
    modules[name]((loaded[name] = {}), file, path.dirname(file));
  }
  return loaded[name];
}
const modules = {
${functions.join(",\n")}
};
${isProgram ? `load("${entry}")` : "module.exports = load"};
`;
  fs.writeFileSync(path.join(dist, into), whole);
  if (isProgram) return;
  for (const name of modules.keys()) {
    const up = "../".repeat(name.split("/").length - 1) || "./";
    fs.writeFileSync(
      path.join(dist, name),
      `"use strict";\nmodule.exports = require("${up}${into}")("${name}");\n`,
    );
  }
  const file = path.join(dist, entry);
  const named = fs
    .readFileSync(file, "utf8")
    .replace(wanted, (_, other) => `load("${path.join(path.dirname(entry), other)}")`);
  fs.writeFileSync(
    file,
    deferred(named).replace('"use strict";', `"use strict";\nconst load = require("./${into}");`),
  );
}

/** The text of all files that an entry needs, by name. @param {string} dist @param {string} entry */
function closure(dist, entry) {
  /** @type {Map<string, string>} */
  const modules = new Map();
  /** @param {string} name */
  const take = (name) => {
    if (modules.has(name) || apart.test(name)) return;
    const source = fs.readFileSync(path.join(dist, name), "utf8");
    modules.set(name, source);
    for (const [, other = ""] of source.matchAll(wanted)) take(path.join(path.dirname(name), other));
  };
  take(entry);
  return modules;
}

/** Each import is made where something of it is used for the first time. @param {string} source */
function deferred(source) {
  /** @type {[string, string][]} */
  const imports = [];
  let text = source.replace(imported, (_, name, value) => {
    imports.push([name, value]);
    return `let ${name};`;
  });
  for (const [name, value] of imports) text = text.replaceAll(`${name}.`, `(${name} ??= ${value}).`);
  return text;
}

/** Without comments, and in ASCII, which engines read faster. @param {string} source */
function shortened(source) {
  const compilerOptions = {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.CommonJS,
    removeComments: true,
  };
  return ts
    .transpileModule(source, { compilerOptions })
    .outputText.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

module.exports = { bundle };
