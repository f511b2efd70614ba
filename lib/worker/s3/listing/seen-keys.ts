import { comesBefore } from "../../../text/utf8-order.js";

/** A code point after all those that keys contain in practice. It is only used in the bounds of spans. */
export const LAST = 0x10fffd;

/** How many positions of a key are considered. */
const DEPTH = 8;

/** The code points expected at a position, in order. */
interface Shares {
  readonly points: readonly number[];
  /** Where the share of each code point begins, between 0 and 1. */
  readonly starts: readonly number[];
}

/** How many keys with a common prefix are enough to predict others with that prefix. */
const ENOUGH = 30;

/** The largest number of keys that an alphabet is computed from. */
const MOST = 1000;

/** A sample of the keys listed so far. */
export class SeenKeys {
  readonly #keys: string[];
  readonly #alphabets: Map<string, { alphabet: Alphabet; keysThen: number }> = new Map();

  constructor(keys: readonly string[]) {
    this.#keys = [...keys].sort((a, b) => (comesBefore(a, b) ? -1 : 1));
  }

  /** @param keys - in order, with no earlier key between them */
  add(keys: readonly string[]): void {
    const first = keys[0];
    if (first !== undefined) this.#keys.splice(this.#countBefore(first), 0, ...keys);
  }

  /** The alphabet after a prefix, computed from the keys with that prefix, or from all keys if those are too few. */
  after(prefix: readonly number[]): Alphabet {
    const begin = String.fromCodePoint(...prefix);
    const made = this.#alphabets.get(begin);
    // Computing an alphabet takes time, and a few more keys hardly change it.
    if (made !== undefined && this.#keys.length < made.keysThen * 1.2) return made.alphabet;
    const first = this.#countBefore(begin);
    const end = this.#countBefore(begin + String.fromCodePoint(LAST));
    const keys = end - first < ENOUGH ? this.#keys : this.#keys.slice(first, end);
    const alphabet = new Alphabet(evenly(keys), prefix.length);
    this.#alphabets.set(begin, { alphabet, keysThen: this.#keys.length });
    return alphabet;
  }

  #countBefore(key: string): number {
    return countWhile(this.#keys, (seen) => comesBefore(seen, key));
  }
}

/** How many leading items satisfy a condition that none of the others satisfies. */
export function countWhile<T>(items: readonly T[], condition: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (condition(items[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How often each code point occurs at each position, from a given position on. */
export class Alphabet {
  readonly #shares: readonly Shares[];
  readonly #from: number;

  constructor(keys: readonly string[], from: number) {
    const seen: Map<number, number>[] = Array.from({ length: DEPTH }, () => new Map<number, number>());
    for (const key of keys) {
      let at = 0;
      for (let position = 0; position < from + DEPTH && at < key.length; position += 1) {
        const point = key.codePointAt(at)!;
        at += point > 0xffff ? 2 : 1;
        if (position < from) continue;
        const counts = seen[position - from]!;
        counts.set(point, (counts.get(point) ?? 0) + 1);
      }
    }
    this.#from = from;
    this.#shares = seen.map((own) => toShares(withExpected(own, seen)));
  }

  /** Whether code points after this one are expected at the first position. */
  expectsMore(after: number): boolean {
    const last = this.#shares[0]!.points.at(-1);
    return last !== undefined && last > after;
  }

  /** A key's estimated place among all with the same prefix, between 0 and 1. */
  place(points: readonly number[]): number {
    let place = 0;
    let width = 1;
    for (const [depth, { points: known, starts }] of this.#shares.entries()) {
      const point = points[this.#from + depth];
      if (point === undefined) break;
      const rank = countWhile(known, (other) => other < point);
      place += width * (starts[rank] ?? 1);
      if (known[rank] !== point) break;
      width *= (starts[rank + 1] ?? 1) - starts[rank]!;
    }
    return place;
  }

  /**
   * The inverse of {@link place}: a string at about this place, as short as the tolerance allows.
   *
   * @param tolerance - how far from the place it may be
   */
  atPlace(place: number, tolerance: number): number[] {
    const found: number[] = [];
    let left = 0;
    let width = 1;
    for (const { points, starts } of this.#shares) {
      if (points.length === 0) break;
      let rank = 0;
      while (rank + 1 < points.length && left + width * starts[rank + 1]! <= place) rank += 1;
      const begins = left + width * starts[rank]!;
      const ends = left + width * (starts[rank + 1] ?? 1);
      if (rank + 1 < points.length && ends - place <= Math.min(tolerance, place - begins))
        return [...found, points[rank + 1]!];
      found.push(points[rank]!);
      if (place - begins <= tolerance) break;
      left = begins;
      width = ends - begins;
    }
    return found;
  }
}

function evenly(keys: readonly string[]): readonly string[] {
  const step = Math.ceil(keys.length / MOST);
  return step < 2 ? keys : keys.filter((_key, at) => at % step === 0);
}

// If all code points of one position also occur at another position, the other position's remaining code points are
// likely to occur at the first one, too. So the leading digits of growing numbers are predicted from their last digits.
function withExpected(
  own: ReadonlyMap<number, number>,
  seen: readonly ReadonlyMap<number, number>[],
): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const others of seen) {
    if (others === own || own.size === 0 || !isAmong(own, others)) continue;
    for (const [point, count] of others) counts.set(point, (counts.get(point) ?? 0) + count);
  }
  if (counts.size === 0) return own;
  for (const point of own.keys()) if (!counts.has(point)) counts.set(point, 1);
  return counts;
}

// Beyond ASCII there are so many code points that the samples of two positions may have none in common, even if both
// draw from the same set.
function isAmong(some: ReadonlyMap<number, number>, others: ReadonlyMap<number, number>): boolean {
  let beyond = false;
  for (const point of some.keys()) {
    if (point < 0x80 && !others.has(point)) return false;
    beyond ||= point >= 0x80;
  }
  if (!beyond) return true;
  for (const point of others.keys()) if (point >= 0x80) return true;
  return false;
}

function toShares(counts: ReadonlyMap<number, number>): Shares {
  const points = [...counts.keys()].sort((a, b) => a - b);
  const all = points.reduce((sum, point) => sum + counts.get(point)!, 0);
  let before = 0;
  const starts = points.map((point) => {
    const start = before / all;
    before += counts.get(point)!;
    return start;
  });
  return { points, starts };
}
