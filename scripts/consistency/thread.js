// @ts-check
// What one thread of the check draws at random, and what it was told, with the interval in which that must have been so.
const { Recorder } = require("./recorder.js");
const { KEYS, SPACES, isTrial, keyOf } = require("./values.js");
const { makeRoots, viewOf } = require("./views.js");

/** A listing that was not asked for so long answers nothing more. Longer than the second that docs/reading-ahead.md promises: the clock is read here. */
const LISTING_LIVES_NS = 1.01e9;

/** @typedef {import("./views.js").View} View */
/** @typedef {import("./recorder.js").Span} Span */
/**
 * @typedef {object} Task
 * @property {string} by @property {"atomics" | "deasync"} wait @property {number} calls @property {number} seed
 * @property {string} base @property {import("./views.js").Where} where @property {string} allowed @property {string} file
 * @property {string} rounds a file whose length says how many rounds there were
 */

class Thread {
  /** @param {Task} task */
  constructor({ by, wait, seed, base, where, allowed }) {
    this.round = 0;
    this.rec = new Recorder(by, BigInt(base), new RegExp(allowed));
    this.where = where;
    const { roots, buffers } = makeRoots(where, wait);
    this.roots = roots;
    this.buffers = buffers;
    /** Some mostly write, so that what others read early is soon old. */
    this.writes = /[23]t/.test(by) ? 0.8 : 0.2;
    this.nests = wait === "deasync";
    this.state = seed;
    /** @type {{ view: View, key: string, loop: import("./recorder.js").Loop } | undefined} */
    this.last = undefined;
  }

  /** mulberry32 */
  random() {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** @param {number} probability */
  chance(probability) {
    return this.random() < probability;
  }

  /** @template T @param {readonly T[]} of @returns {T} */
  oneOf(of) {
    return /** @type {T} */ (of[Math.floor(this.random() * of.length)]);
  }

  /** Some keys, in order, each at most once. @param {number} share */
  someKeys(share) {
    const some = KEYS.filter(() => this.chance(share));
    return some.length > 0 ? some : [this.oneOf(KEYS)];
  }

  view(roots = this.roots) {
    return viewOf(this.oneOf(roots), this.round);
  }

  /** A value that nobody else writes. @param {View} view @param {string} key */
  fresh(view, key) {
    const id = `${key}@${this.rec.newId()}`;
    return { id, value: SPACES[view.space]?.encode(id) };
  }

  /** What was read, as an id. @param {View} view @param {unknown} value @returns {string | null} */
  idOf(view, value) {
    return value === undefined ? null : String(SPACES[view.space]?.decode(value));
  }

  /**
   * An object's keys were listed, or are being. @param {View} view
   * @param {{ begin: number, keys?: readonly string[], after?: string | undefined }} listing `keys`: where all are
   * known. `after`: the loop has come so far
   */
  remember(view, listing) {
    const remembered = { ...listing, used: this.rec.now() };
    view.listings.push(remembered);
    return remembered;
  }

  /**
   * When the earliest listing began that may answer for a key: each that was left answers for the key that comes next in it,
   * until it was not asked for a second. A later one that has not found the key ends that. @param {View} view @param {string} key
   */
  listedSince(view, key) {
    const now = this.rec.now();
    view.listings = view.listings.filter(({ used }) => used >= now - LISTING_LIVES_NS);
    let since = now;
    for (const listing of view.listings.toReversed()) {
      if (listing.keys?.includes(key) === false) break;
      if (listing.after !== undefined && key <= listing.after) continue;
      since = listing.begin;
      listing.used = now;
    }
    return since;
  }

  /** A value was given. @param {View} view @param {string} key @param {unknown} value @param {Span} span */
  got(view, key, value, span) {
    this.rec.read(view.prefix + key, "value", this.idOf(view, value), this.bounded(view, key, span));
  }

  /**
   * Reads one key, perhaps after others in the order of a listing: then its value may have been requested earlier, but
   * not before the last other call began. The library cannot tell a single get of a later key from a loop that goes on.
   *
   * @param {View} view @param {string} key @param {string} via @param {() => unknown} read
   * @param {import("./recorder.js").Loop} [loop]
   */
  get(view, key, via, read, loop) {
    const { rec, last } = this;
    const follows = last !== undefined && last.view === view && last.key < key;
    const run = loop ?? (follows ? last.loop : { since: rec.now() });
    if (last !== undefined && last.loop !== run) rec.loops.delete(last.loop);
    rec.loops.add(run);
    this.last = { view, key, loop: run };
    const earliest = rec.earliest(run);
    const { begin, end, ok, value } = rec.call(via, read, run);
    const span = {
      begin: Math.min(begin, earliest),
      at: begin,
      end,
      via: `${view.name} ${via}${follows ? ", in order" : ""}`,
    };
    if (ok) this.got(view, key, value, span);
    return ok;
  }

  /** A key was found, or not. @param {View} view @param {string} key @param {boolean} isThere @param {Span} span */
  found(view, key, isThere, span) {
    this.rec.read(view.prefix + key, isThere ? "not" : "value", null, this.bounded(view, key, span));
  }

  /** An ETag was given. @param {View} view @param {string} key @param {string} etag @param {Span} span */
  gotEtag(view, key, etag, span) {
    if (SPACES[view.space]?.etags) this.rec.read(view.prefix + key, "etag", etag, span);
    else this.rec.read(view.prefix + key, "not", null, span);
  }

  /** What a cache with a ttl gives may be older: from when it last asked. @param {View} view @param {string} key @param {Span} span @returns {Span} */
  bounded(view, key, span) {
    if (view.ttl === 0) return span;
    const whole = view.prefix + key;
    const { begin, end, at = begin, called = at } = span;
    const touches = view.touches.get(whole) ?? [];
    const asked = touches.filter((touch) => touch.end >= at - view.ttl);
    touches.push({ begin: at, end });
    view.touches.set(whole, touches.slice(-100));
    const written = view.written.get(whole);
    return {
      ...span,
      begin: Math.min(begin, at, ...asked.map((touch) => touch.begin)),
      ...(written !== undefined && written.end <= called && { after: [...(span.after ?? []), written.id] }),
    };
  }

  /** A write ended. @param {View} view @param {string} key @param {string | null} to @param {Span} span @param {object} how */
  wrote(view, key, to, span, how) {
    const whole = view.prefix + key;
    const id = this.rec.write(whole, to, span, how);
    if (view.ttl === 0) return id;
    if (id !== undefined) view.written.set(whole, { id, end: span.end });
    const touches = view.touches.get(whole) ?? [];
    view.touches.set(whole, [...touches, { begin: span.begin, end: span.end }]);
    return id;
  }

  /** The keys in order that are none of those between two given ones. @param {string | undefined} after @param {string} [before] */
  between(after, before) {
    return KEYS.filter(
      (key) => (after === undefined || key > after) && (before === undefined || key < before),
    );
  }

  /** What a whole listing says of each key. @param {View} view @param {readonly string[]} names @param {Span} span */
  listed(view, names, span) {
    this.checkNames(view, names, span.via);
    for (const key of KEYS) this.found(view, key, names.includes(key), span);
  }

  /** @param {View} view @param {readonly string[]} names @param {string} via */
  checkNames(view, names, via) {
    const ours = names.filter((name) => !isTrial(name));
    const strange = ours.filter(
      (name, at) => !KEYS.includes(name) || (at > 0 && name <= String(ours[at - 1])),
    );
    if (strange.length > 0)
      this.rec.unexpected.push(`${this.rec.by}: ${via} of ${view.prefix} gave ${JSON.stringify(names)}`);
  }

  /** What a copy of all says of each key. @param {View} view @param {[string, unknown][]} entries @param {Span} span */
  copied(view, entries, span) {
    this.checkNames(
      view,
      entries.map(([name]) => name),
      span.via,
    );
    const values = new Map(entries);
    for (const key of KEYS) this.got(view, key, values.get(key), span);
  }

  /** @param {View} view @param {unknown[]} values @returns {[string, unknown][]} */
  asEntries(view, values) {
    return values
      .filter((value) => value !== undefined && value !== "")
      .map((value) => [keyOf(String(this.idOf(view, value))), value]);
  }
}

module.exports = { Thread };
