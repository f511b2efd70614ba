// Puts the files of the build that a thread loads into one: Node takes longer to find, read and wrap forty small files than
// to run them. What tsc has made of each stays a function of its own.
const fs = require("node:fs");
const path = require("node:path").posix;
const ts = require("typescript");

/** A file that is only loaded where it is wanted, with those that only it needs. */
const apart = "local/handler.js";

/**
 * Writes a program: a file that has in it what `entry` imports, and what those files do, and so on, and runs it.
 *
 * @param {string} dist
 * @param {string} entry - named as in `dist`, as all files here
 * @param {string} into - at the top of `dist`
 */
function bundleProgram(dist, entry, into) {
  const modules = closure(dist, entry);
  const text = `"use strict";
${loader("modules[name]")}
const modules = {
${functionsOf(modules.keys(), modules)}
};
load("${entry}");
`;
  fs.writeFileSync(path.join(dist, into), text);
}

/**
 * Writes a file that gives a function from names to what the modules export that a library imports, and runs each when
 * something of it is first used: who imports the library and does nothing runs little of it. The files of the modules then
 * pass on what it has, so that there is only one of each.
 *
 * @param {string} dist
 * @param {string} entry - the library's; it stays a file of its own
 * @param {string} into
 * @param {{ into: string, early: readonly string[] }} late - where all modules are that are not among the early ones; that file
 * is loaded when one of them is first used, for a file takes time even where nothing in it runs
 */
function bundleLibrary(dist, entry, into, late) {
  const modules = closure(dist, entry);
  modules.delete(entry);
  /** @param {boolean} isEarly */
  const functions = (isEarly) =>
    functionsOf(
      [...modules.keys()].filter((name) => late.early.includes(name) === isEarly),
      modules,
    );
  const text = `"use strict";
let late;
${loader(`modules[name] ?? (late ??= require("./${late.into}")(load))[name]`)}
const modules = {
${functions(true)}
};
module.exports = load;
`;
  fs.writeFileSync(path.join(dist, into), text);
  fs.writeFileSync(
    path.join(dist, late.into),
    `"use strict";\nmodule.exports = (load) => ({\n${functions(false)}\n});\n`,
  );
  for (const name of modules.keys()) {
    const up = "../".repeat(name.split("/").length - 1) || "./";
    fs.writeFileSync(
      path.join(dist, name),
      `"use strict";\nmodule.exports = require("${up}${into}")("${name}");\n`,
    );
  }
  const file = path.join(dist, entry);
  // Its imports are made at once: Node finds the names that ES modules may import in the form that they have now.
  const body = toFunctionBody(entry, fs.readFileSync(file, "utf8"), modules, false);
  fs.writeFileSync(file, `"use strict";\nconst load = require("./${into}");\n${body}`);
}

/** What runs a module, once. @param {string} found - an expression for its function, by its name */
function loader(found) {
  return `const path = require("node:path");
const loaded = Object.create(null);
function load(name) {
  if (loaded[name] === undefined) {
    const file = path.join(__dirname, name);
    (${found})((loaded[name] = {}), file, path.dirname(file));
  }
  return loaded[name];
}`;
}

/**
 * Modules as methods of an object literal.
 *
 * @param {Iterable<string>} names
 * @param {ReadonlyMap<string, string>} modules - all that can be loaded by their names, and their texts
 */
function functionsOf(names, modules) {
  const functions = [...names].map((name) => {
    const body = toFunctionBody(name, modules.get(name) ?? "", modules, true);
    return `"${name}"(exports, __filename, __dirname) {\n${body}}`;
  });
  return functions.join(",\n");
}

/** The text of all files that an entry needs, by name. @param {string} dist @param {string} entry */
function closure(dist, entry) {
  /** @type {Map<string, string>} */
  const modules = new Map();
  /** @param {string} name */
  const take = (name) => {
    if (modules.has(name) || name === apart) return;
    const source = fs.readFileSync(path.join(dist, name), "utf8");
    modules.set(name, source);
    for (const { fileName } of ts.preProcessFile(source, true, true).importedFiles) {
      if (fileName.startsWith(".")) take(path.join(path.dirname(name), fileName));
    }
  };
  take(entry);
  return modules;
}

/**
 * A module's text without comments, in ASCII, which engines read faster, with other modules taken from the bundle.
 *
 * @param {string} name @param {string} source @param {ReadonlyMap<string, string>} modules
 * @param {boolean} isDeferred - whether an import is made where something of it is first used
 */
function toFunctionBody(name, source, modules, isDeferred) {
  /** @type {ts.TransformerFactory<ts.SourceFile>} */
  const transformer = ({ factory }) => {
    /** @type {Map<string, ts.Expression>} */
    const imports = new Map();
    /** @type {(node: ts.Node) => ts.Node} */
    const visit = (node) => {
      if (isDeferred && ts.isVariableStatement(node) && ts.isSourceFile(node.parent)) {
        const [declaration] = node.declarationList.declarations;
        const { name: variable, initializer } = declaration ?? {};
        if (initializer && variable && ts.isIdentifier(variable) && isImport(initializer)) {
          imports.set(variable.text, visitExpression(initializer));
          const later = factory.createVariableDeclaration(variable);
          return factory.createVariableStatement(
            undefined,
            factory.createVariableDeclarationList([later], ts.NodeFlags.Let),
          );
        }
      }
      if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
        const value = imports.get(node.expression.text);
        if (value !== undefined) {
          const once = ts.SyntaxKind.QuestionQuestionEqualsToken;
          const first = factory.createBinaryExpression(node.expression, once, value);
          return factory.createPropertyAccessExpression(
            factory.createParenthesizedExpression(first),
            node.name,
          );
        }
      }
      const wanted = requiredBy(node);
      if (wanted?.startsWith(".")) {
        const file = path.join(path.dirname(name), wanted);
        const [by, what] = modules.has(file) ? ["load", file] : ["require", `./${file}`];
        return factory.createCallExpression(factory.createIdentifier(by), undefined, [
          factory.createStringLiteral(what),
        ]);
      }
      return ts.visitEachChild(node, visit, undefined);
    };
    const visitExpression = (/** @type {ts.Expression} */ node) =>
      /** @type {ts.Expression} */ (ts.visitNode(node, visit));
    return (file) => /** @type {ts.SourceFile} */ (ts.visitNode(file, visit));
  };
  return ts
    .transpileModule(source.replace('"use strict";', ""), {
      compilerOptions: {
        target: ts.ScriptTarget.ESNext,
        module: ts.ModuleKind.CommonJS,
        removeComments: true,
        alwaysStrict: false,
      },
      transformers: { before: [transformer] },
    })
    .outputText.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** What a call of `require` names. @param {ts.Node} node */
function requiredBy(node) {
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return undefined;
  const [argument] = node.arguments;
  const isRequire = node.expression.text === "require" && argument && ts.isStringLiteral(argument);
  return isRequire ? argument.text : undefined;
}

/** `require("…")`, or that within a helper of tsc's. @param {ts.Expression} node @returns {boolean} */
function isImport(node) {
  if (requiredBy(node) !== undefined) return true;
  const [argument] = ts.isCallExpression(node) ? node.arguments : [];
  return argument !== undefined && requiredBy(argument) !== undefined;
}

module.exports = { bundleLibrary, bundleProgram };
