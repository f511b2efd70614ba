import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const dist = path.join(__dirname, "../../dist");

/**
 * Writes a program and the library as one file, as bundlers do it: each module is a function, and what is required is
 * called by its name. The file of the worker thread is no part of it.
 *
 * @param program - calls `require` with a file of dist/
 * @param around - comes before all modules
 * @param isEvaluated - as webpack has it for development: each module is a string, which is evaluated under another name
 */
export function writeBundle(file: string, program: string, around = "", isEvaluated = false): void {
  const names = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".js") && name !== "worker.js" && !/^(prompt|local)/.test(name),
  );
  const modules = names.map((name) => {
    const source = readFileSync(path.join(dist, name), "utf8");
    const body = isEvaluated
      ? `eval(${JSON.stringify(`{${source}\n}\n//# sourceURL=webpack://app/${name}?`)})`
      : source;
    return `${JSON.stringify(name)}(exports, module, require) {\n${body}\n}`;
  });
  writeFileSync(
    file,
    `${around}
const modules = {\n${modules.join(",\n")}\n};
const loaded = {};
function load(name) {
  if (modules[name] === undefined) return require(name);
  if (loaded[name] === undefined) {
    const module = (loaded[name] = { exports: {} });
    const folder = name.includes("/") ? name.split("/")[0] + "/" : "";
    modules[name](module.exports, module, (other) =>
      load(other.startsWith("../") ? other.slice(3) : other.startsWith("./") ? folder + other.slice(2) : other));
  }
  return loaded[name].exports;
}
(function program(require) {\n${program}\n})(load);
`,
  );
}
