// @ts-check
// Calls that read many keys, and loops that stop in the middle, or are left early.
const { KEYS, isTrial, keyOf } = require("./values.js");

/** @typedef {import("./thread.js").Thread} Thread */
/** @typedef {import("./views.js").View} View */
/** @typedef {(thread: Thread, view: View, pause: () => void) => void} Loop */

const LEAVES = 0.06;
const READS = 0.85;

/** `fn` as a loop that others' calls interrupt. @param {Thread} thread @param {(loop: { since: number }) => void} fn @param {string} kind */
function looping(thread, kind, fn) {
  const { rec } = thread;
  const loop = { since: rec.began(kind) };
  rec.loops.add(loop);
  try {
    fn(loop);
  } catch (error) {
    rec.failed(kind, error);
  } finally {
    if (thread.last?.loop !== loop) rec.loops.delete(loop);
  }
}

/** @type {Loop} */
function forIn(thread, view, pause) {
  const { rec } = thread;
  const via = `${view.name} for…in`;
  looping(thread, "for…in", (loop) => {
    const begin = loop.since;
    /** @type {string[]} */
    const seen = [];
    let isLeft = false;
    const listing = thread.remember(view, { begin });
    for (const key in view.object) {
      listing.used = rec.now();
      if (isTrial(key)) continue;
      const end = rec.now();
      for (const omitted of thread.between(seen.at(-1), key))
        thread.found(view, omitted, false, { begin, end, via });
      // A loop knows of this thread's own deletions.
      const since = Math.min(Math.max(begin, rec.wroteKeyAt(view.prefix + key)), end);
      thread.found(view, key, true, { begin: since, at: begin, end, via });
      seen.push(key);
      listing.after = key;
      if (thread.chance(READS)) thread.get(view, key, "for…in read", () => view.object[key], loop);
      pause();
      isLeft = thread.chance(LEAVES);
      if (isLeft) break;
    }
    thread.checkNames(view, seen, "for…in");
    const end = rec.now();
    if (!isLeft)
      for (const key of thread.between(seen.at(-1))) thread.found(view, key, false, { begin, end, via });
    else if (thread.chance(0.7)) afterwards(thread, view, seen.at(-1));
  });
}

/** Once a loop was left, its listing answers at most for the keys that it had not come to. @param {Thread} thread @param {View} view @param {string | undefined} last */
function afterwards(thread, view, last) {
  const { rec } = thread;
  const key = thread.oneOf(KEYS);
  const wroteAt = rec.wroteKeyAt(view.prefix + key);
  const listedSince = thread.listedSince(view, key);
  const asked = rec.call("Object.hasOwn", () => Object.hasOwn(view.object, key));
  if (!asked.ok) return;
  const isToCome = last === undefined || key > last;
  const begin = Math.min(asked.begin, Math.max(listedSince, wroteAt));
  const via = `${view.name} hasOwn after a loop that was left${isToCome ? ", of a key to come" : ""}`;
  thread.found(view, key, asked.value, { begin, at: asked.begin, end: asked.end, via });
}

/** @type {Loop} */
function overKeys(thread, view, pause) {
  const { rec } = thread;
  looping(thread, "Object.keys", (loop) => {
    // A timer's callback in the middle of the wait may raise it.
    const begin = loop.since;
    const keys = Object.keys(view.object);
    thread.listed(view, keys, { begin, end: rec.now(), via: `${view.name} Object.keys` });
    for (const key of keys) {
      if (isTrial(key)) continue;
      pause();
      if (thread.chance(READS)) thread.get(view, key, "read after Object.keys", () => view.object[key], loop);
      if (thread.chance(LEAVES)) break;
    }
  });
}

/** @param {"entries" | "values" | "keys"} method @returns {Loop} */
const iterator = (method) => (thread, view, pause) => {
  const { rec } = thread;
  const via = `${view.name} ${method}()`;
  const begin = rec.now();
  const all = view.map[method]();
  /** @type {string | undefined} */
  let last;
  for (;;) {
    // Of what others do it may be as old as the iterator; what this thread wrote it knows.
    const since = Math.max(begin, rec.wroteAt);
    const { end, ok, value: next, begin: at } = rec.call(`${method}() next`, () => all.next());
    if (!ok) return;
    const span = { begin: Math.min(since, at), at: begin, called: at, end, via };
    // Which keys there are may be as old as the iterator, whatever this thread has written since.
    const listing = { ...span, begin, called: begin };
    /** @type {string | undefined} */
    let key;
    if (!next.done) {
      if (next.value === "" || isTrial(String(next.value[0])) || isTrial(String(next.value))) continue;
      const given = next.value;
      key =
        method === "keys" ? given : method === "entries" ? given[0] : keyOf(String(thread.idOf(view, given)));
      thread.checkNames(view, last === undefined ? [String(key)] : [last, String(key)], via);
      if (method === "keys") thread.found(view, String(key), true, listing);
      else thread.got(view, String(key), method === "entries" ? given[1] : given, span);
    }
    for (const omitted of thread.between(last, key)) thread.found(view, omitted, false, listing);
    if (key === undefined) return;
    last = key;
    pause();
    if (!thread.chance(LEAVES)) continue;
    if (thread.chance(0.5)) all.return?.();
    // What it read early was for it alone.
    const [later] = thread.between(last);
    const alone = { since: rec.now() };
    if (later !== undefined)
      thread.get(view, later, "get after an iterator that was left", () => view.map.get(later), alone);
    return;
  }
};

/** @param {string} kind @param {(view: View, thread: Thread) => [string, unknown][]} copy @returns {Loop} */
const snapshot = (kind, copy) => (thread, view) => {
  const { begin, end, ok, value } = thread.rec.call(kind, () => copy(view, thread));
  if (ok) thread.copied(view, value, { begin, end, via: `${view.name} ${kind}` });
};

const loops = [
  forIn,
  forIn,
  forIn,
  overKeys,
  iterator("entries"),
  iterator("values"),
  iterator("keys"),
  snapshot("{...}", ({ object }) => Object.entries({ ...object })),
  snapshot("Object.entries", ({ object }) => Object.entries(object)),
  snapshot("Object.values", (view, thread) => thread.asEntries(view, Object.values(view.object))),
  snapshot("JSON.stringify", ({ object }) => Object.entries(JSON.parse(JSON.stringify(object)))),
];

module.exports = { loops };
