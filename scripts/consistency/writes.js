// @ts-check
// Writes that are one call each, plain and on conditions, of one key or many.
const { batched, errorOf } = require("./pending.js");
const { KEYS, SPACES } = require("./values.js");

/** @typedef {import("./steps.js").Step} Step */
/** @typedef {import("./views.js").View} View */

/** @type {Step} */
function set(thread, view) {
  const key = thread.oneOf(KEYS);
  const { id, value } = thread.fresh(view, key);
  const { begin, end, error } = thread.rec.call("set", () => {
    if (thread.chance(0.5)) view.map.set(key, value);
    else view.object[key] = value;
  });
  thread.wrote(view, key, id, { begin, end, via: `${view.name} set` }, { error, plain: true });
}

/** @type {Step} */
function remove(thread, view) {
  const key = thread.oneOf(KEYS);
  const { begin, end, error } = thread.rec.call("delete", () => {
    if (thread.chance(0.5)) view.map.delete(key);
    else delete view.object[key];
  });
  thread.wrote(view, key, null, { begin, end, via: `${view.name} delete` }, { error, plain: true });
}

/** @type {Step} */
function setMany(thread, view) {
  const entries = thread
    .someKeys(thread.chance(0.5) ? 0.2 : 0.8)
    .map((key) => ({ key, ...thread.fresh(view, key) }));
  const { begin, end, error } = thread.rec.call("setMany", () => {
    view.map.setMany(entries.map(({ key, value }) => [key, value]));
  });
  for (const { key, id } of entries)
    thread.wrote(
      view,
      key,
      id,
      { begin, end, via: `${view.name} setMany` },
      { error: errorOf(error, key), plain: true },
    );
}

/** @type {Step} */
function deleteMany(thread, view) {
  const keys = thread.someKeys(0.15);
  const { begin, end, error } = thread.rec.call("deleteMany", () => view.map.deleteMany(keys));
  for (const key of keys)
    thread.wrote(
      view,
      key,
      null,
      { begin, end, via: `${view.name} deleteMany` },
      { error: errorOf(error, key), plain: true },
    );
}

/** It deletes what it finds: each key was absent at some moment, by this or before. @type {Step} */
function clear(thread, view) {
  const folder = thread.oneOf(["a/", "b/"]);
  const { begin, end, ok, error } = thread.rec.call("clear", () => view.map.subMap(folder).clear());
  const span = { begin, end, via: `${view.name} clear` };
  for (const key of KEYS.filter((one) => one.startsWith(folder))) {
    const failure = errorOf(error, key.slice(folder.length));
    thread.wrote(view, key, null, span, { error: failure, must: false, plain: true });
    if (ok) thread.rec.read(view.prefix + key, "value", null, span);
  }
}

/** @type {Step} */
function create(thread, view) {
  const key = thread.oneOf(KEYS);
  const { id, value } = thread.fresh(view, key);
  const {
    begin,
    end,
    ok,
    error,
    value: isMade,
  } = thread.rec.call("create", () => view.map.create(key, value));
  const span = { begin, end, via: `${view.name} create` };
  if (!ok || isMade) thread.wrote(view, key, id, span, { error, from: null });
  else thread.rec.read(view.prefix + key, "not", null, { ...span, via: `${span.via}: false` });
}

/** @type {Step} */
function update(thread, view) {
  const key = thread.oneOf(KEYS);
  const { rec } = thread;
  const whole = view.prefix + key;
  const via = `${view.name} update`;
  let mark = rec.now();
  /** @type {string | null} */
  let from = null;
  /** @type {string | null} */
  let to = null;
  const { end, error, ok, value } = rec.call("update", () =>
    view.map.update(key, (/** @type {unknown} */ old) => {
      const now = rec.now();
      from = thread.idOf(view, old);
      rec.read(whole, "value", from, { begin: mark, end: now, via: `${via} (what its function was given)` });
      mark = now;
      const deletes = old !== undefined && thread.where.deletesOnCondition && thread.chance(0.15);
      const next = thread.fresh(view, key);
      to = deletes ? null : next.id;
      return deletes ? undefined : next.value;
    }),
  );
  thread.wrote(view, key, to, { begin: mark, end, via }, { error, from });
  if (ok && thread.idOf(view, value) !== to)
    rec.unexpected.push(`${rec.by}: update of ${whole} to ${to} returned ${String(value)}`);
}

/** @type {Step} */
function setIfMatch(thread, view) {
  const key = thread.oneOf(KEYS);
  const { rec } = thread;
  if (!SPACES[view.space]?.etags) return;
  const known = rec.call("head", () => view.map.head(key));
  if (!known.ok || known.value === undefined) return;
  const { etag } = known.value;
  thread.gotEtag(view, key, etag, { begin: known.begin, end: known.end, via: `${view.name} head` });
  const { id, value } = thread.fresh(view, key);
  const { begin, end, error } = rec.call("set ifMatch", () => view.map.set(key, value, { ifMatch: etag }));
  const span = { begin, end, via: `${view.name} set ifMatch` };
  if (error?.code === "PreconditionFailed")
    rec.read(view.prefix + key, "not etag", etag, { ...span, via: `${span.via}: refused` });
  else thread.wrote(view, key, id, span, { error, fromEtag: etag });
}

const writes = [
  ...[set, set, set, setMany, setMany, remove, deleteMany, clear],
  ...[create, update, update, setIfMatch, batched],
];

module.exports = { writes };
