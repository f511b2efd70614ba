// @ts-check
/** @typedef {string | undefined} Value undefined: there is no such key */
/** @typedef {{ seq: number, value: Value }} Possible */

/**
 * Knows what each key may hold. A write that has been acknowledged leaves its own value and those of later
 * ones; one that ended in an error leaves both the old values and its own, until the next one has settled.
 */
class Oracle {
  constructor() {
    this.seq = 0;
    /** @type {Map<string, Possible[]>} */
    this.possible = new Map();
    /** @type {Set<{ key: string | undefined, seen: Map<string, Set<Value>> }>} */
    this.reads = new Set();
    /** @type {string[]} */
    this.violations = [];
  }

  /** @param {string} key */
  of(key) {
    return this.possible.get(key) ?? [{ seq: 0, value: undefined }];
  }

  /**
   * A write, from its beginning to its end; a deletion writes undefined.
   * @param {string} key
   * @param {Value} value
   * @param {() => void} run
   */
  write(key, value, run) {
    const seq = ++this.seq;
    this.possible.set(key, [...this.of(key), { seq, value }]);
    // A read under way, from within whose wait this comes, may see it.
    for (const read of this.reads) read.seen.get(key)?.add(value);
    run();
    this.possible.set(
      key,
      this.of(key).filter((one) => one.seq >= seq),
    );
  }

  /**
   * A read of one key, or of all; `check` is given what each key may have held at some moment of it.
   * @template T
   * @param {readonly string[]} keys
   * @param {() => T} run
   * @param {(result: T, seen: (key: string) => Set<Value>) => string | undefined} check
   */
  read(keys, run, check) {
    const seen = new Map(keys.map((key) => [key, new Set(this.of(key).map(({ value }) => value))]));
    const read = { key: undefined, seen };
    this.reads.add(read);
    try {
      const wrong = check(run(), (key) => seen.get(key) ?? new Set());
      if (wrong !== undefined) this.violations.push(wrong);
    } finally {
      this.reads.delete(read);
    }
  }
}

module.exports = { Oracle };
