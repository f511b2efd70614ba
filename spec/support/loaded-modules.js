// @ts-check
// For --require, which NODE_OPTIONS has in every thread: writes the name of each module that is loaded to a file, at once.
const { appendFileSync } = require("node:fs");
const Module = require("node:module");

/** @type {{ _extensions: Record<string, (module: unknown, file: string) => void> }} */
const { _extensions: extensions } = /** @type {any} */ (Module);
const load = extensions[".js"];
extensions[".js"] = (/** @type {unknown} */ module, /** @type {string} */ file) => {
  appendFileSync(/** @type {string} */ (process.env["LOADED_MODULES"]), `${file}\n`);
  load?.(module, file);
};
