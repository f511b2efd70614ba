// @ts-check
// What one thread called, when, and what it was told. Times are process.hrtime's, the same clock for all processes of a
// machine, in ns since the run began.

/** More than this outside the library, and nothing that was read early may be used. */
const MAX_ABSENCE_NS = 5e6;
/** How the library says that it does not know. */
const UNSURE = /may (still )?have happened/;

/**
 * @typedef {{ since: number }} Loop `since`: when the last other call began
 * @typedef {{ begin: number, end: number, at?: number, called?: number, via: string, after?: string[] }} Span
 * Where its values may be from before: `at`, when it began to ask for them, `called`, when it was asked for this one.
 */

class Recorder {
  /** @type {any[]} */
  records = [];
  /** @type {Record<string, number>} */
  calls = {};
  /** @type {Record<string, number>} */
  errors = {};
  /** @type {string[]} */
  unexpected = [];
  unsure = 0;
  total = 0;
  /** @type {Set<Loop>} */
  loops = new Set();
  /** When this thread's last write to the bucket had ended. */
  wroteAt = 0;
  /** How many timers' callbacks run inside one another. */
  depth = 0;
  #wroteKeyAt = new Map();
  #ids = 0;

  /** @param {string} by @param {bigint} base @param {RegExp} allowed codes of errors that may be */
  constructor(by, base, allowed) {
    this.by = by;
    this.base = base;
    this.allowed = allowed;
  }

  now() {
    return Number(process.hrtime.bigint() - this.base);
  }

  newId() {
    return `${this.by}.${(this.#ids += 1)}`;
  }

  /**
   * One call to the library.
   *
   * @template T
   * @param {string} kind @param {() => T} fn @param {Loop} [loop] that it goes on with
   * @returns {{ begin: number, end: number, ok: boolean, value: T, error: any }}
   */
  call(kind, fn, loop) {
    const begin = this.began(kind, loop);
    let value, error;
    let ok = false;
    try {
      value = fn();
      ok = true;
    } catch (thrown) {
      error = thrown;
      this.failed(kind, thrown);
    }
    return { begin, end: this.now(), ok, value: /** @type {T} */ (value), error };
  }

  /** @param {string} kind @param {Loop} [loop] */
  began(kind, loop) {
    const begin = this.now();
    for (const other of this.loops) if (other !== loop) other.since = begin;
    this.calls[kind] = (this.calls[kind] ?? 0) + 1;
    this.total += 1;
    return begin;
  }

  /** @param {string} kind @param {any} error */
  failed(kind, error) {
    const code = String(error?.code ?? error?.name);
    this.errors[code] = (this.errors[code] ?? 0) + 1;
    if (!this.allowed.test(code))
      this.unexpected.push(`${this.by}: ${kind} ended with ${code}: ${String(error?.stack ?? error)}`);
  }

  /** Time outside the library. @param {() => void} wait */
  away(wait) {
    const left = this.now();
    wait();
    const back = this.now();
    if (back - left <= MAX_ABSENCE_NS) return;
    for (const loop of this.loops) loop.since = Math.max(loop.since, back - MAX_ABSENCE_NS);
  }

  /** The earliest moment of what a loop in listing order reads next. @param {Loop} loop */
  earliest(loop) {
    return Math.max(loop.since, this.wroteAt);
  }

  /** @param {string} key @param {"value" | "not" | "etag" | "not etag"} is @param {string | null} value @param {Span} span */
  read(key, is, value, { begin, end, via, after }) {
    this.records.push({
      type: "read",
      id: this.newId(),
      by: this.by,
      key,
      is,
      value,
      begin,
      end,
      via,
      after,
    });
  }

  /**
   * @param {string} key @param {string | null} to @param {Span} span
   * @param {{ error?: any, from?: string | null, fromEtag?: string, must?: boolean, unless?: string[], id?: string, plain?: boolean }} how
   * `plain`: the SDK may send it again. `error`: it ended so.
   */
  write(key, to, { begin, end, via }, { error, must = true, plain = false, id = this.newId(), ...rest }) {
    const isUnsure = error !== undefined && isUnsureOf(error);
    if (isUnsure) this.unsure += 1;
    // A `clear` may have found nothing to write.
    if (must) this.#wrote(key, end);
    if (error !== undefined && !isUnsure) return undefined;
    const upTo = isUnsure ? null : end;
    const { by } = this;
    this.records.push({
      type: "write",
      id,
      by,
      key,
      to,
      begin,
      end: upTo,
      via,
      must: must && !isUnsure,
      plain,
      ...rest,
    });
    return id;
  }

  /** @param {string} key @param {number} end */
  #wrote(key, end) {
    this.wroteAt = Math.max(this.wroteAt, end);
    const ends = this.#wroteKeyAt.get(key) ?? [];
    this.#wroteKeyAt.set(key, [
      ...ends.filter((/** @type {any} */ one) => one.depth < this.depth),
      { end, depth: this.depth },
    ]);
  }

  /**
   * When this thread's last write of a key had ended. What a timer wrote in the middle of a wait does not count: the
   * loop may have been waiting for just this key.
   *
   * @param {string} key
   */
  wroteKeyAt(key) {
    const writes = this.#wroteKeyAt.get(key)?.filter((/** @type {any} */ one) => one.depth <= this.depth);
    return writes?.at(-1)?.end ?? 0;
  }
}

/** @param {any} error */
function isUnsureOf(error) {
  return UNSURE.test(String(error?.message));
}

module.exports = { Recorder };
