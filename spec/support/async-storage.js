// @ts-check
// For --require, which NODE_OPTIONS has in every thread: writes a line to a file when a worker thread starts, and when
// it runs an AsyncLocalStorage.
const { AsyncLocalStorage } = require("node:async_hooks");
const { appendFileSync } = require("node:fs");
const { isMainThread } = require("node:worker_threads");

const tell = (/** @type {string} */ line) =>
  appendFileSync(/** @type {string} */ (process.env["ASYNC_STORAGE"]), `${line}\n`);

if (!isMainThread) {
  tell("worker");
  const { prototype } = AsyncLocalStorage;
  for (const name of /** @type {const} */ (["run", "enterWith"])) {
    const method = /** @type {(...args: unknown[]) => unknown} */ (prototype[name]);
    prototype[name] = /** @this {unknown} */ function (/** @type {unknown[]} */ ...args) {
      tell(name);
      return method.apply(this, args);
    };
  }
}
