// @ts-check
// Reads that are one call each: what they give the key had, or was, at some moment of the call.
const { KEYS } = require("./values.js");

/** @typedef {import("./steps.js").Step} Step */

/** @type {Step} */
function get(thread, view) {
  const key = thread.oneOf(KEYS);
  if (thread.chance(0.5)) thread.get(view, key, "get", () => view.map.get(key));
  else thread.get(view, key, "object[key]", () => view.object[key]);
}

/** @type {Step} */
function has(thread, view) {
  const key = thread.oneOf(KEYS);
  const [via, ask] = thread.chance(0.5) ? ["has", () => view.map.has(key)] : ["in", () => key in view.object];
  const { begin, end, ok, value } = thread.rec.call(via, ask);
  if (ok) thread.found(view, key, value, { begin, end, via: `${view.name} ${via}` });
}

/** @type {Step} */
function head(thread, view) {
  const key = thread.oneOf(KEYS);
  const { begin, end, ok, value } = thread.rec.call("head", () => view.map.head(key));
  if (!ok) return;
  const span = { begin, end, via: `${view.name} head` };
  if (value === undefined) thread.rec.read(view.prefix + key, "value", null, span);
  else thread.gotEtag(view, key, value.etag, span);
}

/** @type {Step} */
function getMany(thread, view) {
  const keys = thread.someKeys(0.3);
  const { begin, end, ok, value } = thread.rec.call("getMany", () => view.map.getMany(keys));
  if (!ok) return;
  for (const key of keys) thread.got(view, key, value.get(key), { begin, end, via: `${view.name} getMany` });
}

/** @type {Step} */
function list(thread, view) {
  const { begin, end, ok, value } = thread.rec.call("list", () => [...view.map.list()]);
  if (!ok) return;
  const span = { begin, end, via: `${view.name} list` };
  const etags = new Map(value.map(({ key, etag }) => [key, etag]));
  thread.checkNames(view, [...etags.keys()], "list");
  for (const key of KEYS) {
    const etag = etags.get(key);
    if (etag === undefined) thread.rec.read(view.prefix + key, "value", null, span);
    else thread.gotEtag(view, key, etag, span);
  }
}

/** The listing answers for the key that comes exactly next, and for nothing else. @type {Step} */
function cursor(thread, view) {
  const { rec } = thread;
  const { begin, end, ok, value: keys } = rec.call("Reflect.ownKeys", () => Reflect.ownKeys(view.object));
  if (!ok) return;
  thread.listed(view, keys.map(String), { begin, end, via: `${view.name} ownKeys` });
  thread.remember(view, { begin, keys: keys.map(String) });
  let next = new Set([keys[0]]);
  for (let turn = 0; turn < 4; turn += 1) {
    const key = thread.chance(0.5) ? String([...next][0] ?? KEYS[0]) : thread.oneOf(KEYS);
    const wroteAt = rec.wroteKeyAt(view.prefix + key);
    const listedSince = thread.listedSince(view, key);
    const asked = rec.call("Object.hasOwn", () => Object.hasOwn(view.object, key));
    if (!asked.ok) return;
    const isNext = next.has(key);
    const since = Math.max(listedSince, wroteAt);
    const via = `${view.name} hasOwn${isNext ? ", next in the listing" : ""}`;
    const span = { begin: Math.min(since, asked.begin), at: asked.begin, end: asked.end, via };
    thread.found(view, key, asked.value, span);
    const at = keys.indexOf(key);
    if (at >= 0) next = new Set([keys[at + 1], ...(isNext ? [] : next)]);
  }
}

const reads = [get, get, get, has, has, head, getMany, list, cursor];

module.exports = { reads };
