// @ts-check
// Writes that are sent one by one and are durable together: a batch, a buffer.
const { batch } = require("../../dist/index.js");
const { KEYS } = require("./values.js");

/** @typedef {import("./steps.js").Step} Step */
/** @typedef {import("./views.js").View} View */

/** How one key of a call on many ended. @param {any} error @param {string} key @returns {any} */
function errorOf(error, key) {
  if (error === undefined || error?.code !== "PartialFailure")
    return error?.errors === undefined ? error : errorOf(error.errors.at(-1), key);
  return error.succeeded.includes(key) ? undefined : (error.failed.get(key) ?? error);
}

/**
 * Writes that are durable together, later: those to one key in their order. What is read meanwhile knows of them.
 * @param {import("./thread.js").Thread} thread @param {View} view @param {string} via
 */
function pending(thread, view, via) {
  /** @type {{ key: string, id: string, to: string | null, begin: number, later: string[] }[]} */
  const all = [];
  // A buffer names its keys as the map that it is over does.
  const named = (/** @type {string} */ key) => (view.isBuffer ? view.prefix + key : key);
  return {
    all,
    write() {
      const key = thread.oneOf(KEYS);
      const next = thread.chance(0.75) ? thread.fresh(view, key) : undefined;
      const { begin } = thread.rec.call(via, () => {
        if (next === undefined) delete view.object[key];
        else if (thread.chance(0.5)) view.object[key] = next.value;
        else view.map.set(key, next.value);
      });
      const id = thread.rec.newId();
      for (const earlier of all) if (earlier.key === key) earlier.later.push(id);
      all.push({ key, id, to: next?.id ?? null, begin, later: [] });
    },
    /** @param {string} key */
    of: (key) => all.filter((one) => one.key === key),
    /** @param {number} end @param {any} error @param {boolean} onlyLast whether the earlier ones may never be sent */
    done(end, error, onlyLast) {
      for (const { key, id, to, begin, later } of all) {
        // An error names how a key's last write ended. Those before it may have been stored all the same.
        const failure = later.length === 0 ? errorOf(error, named(key)) : undefined;
        const must = later.length === 0 || (!onlyLast && errorOf(error, named(key)) === undefined);
        const how = { error: failure, must, unless: later, id, plain: true };
        thread.wrote(view, key, to, { begin, end, via: `${view.name} ${via}` }, how);
      }
    },
  };
}

/** @type {Step} */
function batched(thread, view) {
  const { rec } = thread;
  const writes = pending(thread, view, "write in batch");
  const { end, error } = rec.call("batch", () =>
    batch(thread.chance(0.5) ? view.map : view.object, () => {
      for (let turn = 0; turn < 6; turn += 1) {
        if (thread.chance(0.7)) writes.write();
        else {
          const key = thread.oneOf(KEYS);
          const { begin, end, ok, value } = rec.call("get in batch", () => view.map.get(key));
          const after = writes.of(key).map(({ id }) => id);
          if (ok) thread.got(view, key, value, { begin, end, via: `${view.name} get in batch`, after });
        }
      }
    }),
  );
  writes.done(end, error, false);
}

/** Durable when `flush` returns; until then the thread reads what it wrote. @type {Step} */
function buffered(thread, view) {
  const { rec } = thread;
  const writes = pending(thread, view, "write to a buffer");
  for (let turn = 0; turn < 8; turn += 1) {
    if (thread.chance(0.6)) writes.write();
    else {
      const key = thread.oneOf(KEYS);
      const { begin, end, ok, value } = rec.call("get from a buffer", () => view.map.get(key));
      const own = writes.of(key);
      const after = own.map(({ id }) => id);
      // Its own value, which may not be stored yet, or what somebody wrote after that was.
      if (ok && (own.length === 0 || thread.idOf(view, value) !== own.at(-1)?.to))
        thread.got(view, key, value, { begin, end, via: `${view.name} get`, after: after.slice(-1) });
    }
  }
  const { end, error } = rec.call("flush", () => view.map.flush());
  writes.done(end, error, true);
}

module.exports = { batched, buffered, errorOf };
