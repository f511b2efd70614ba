import { comesBefore } from "../../../text/utf8-order.js";

/** Comes after any character that keys have in practice. It only makes up where ranges begin and end. */
export const LAST = 0x10fffd;

/** So many characters of a key are looked at, from the first that tells keys apart. */
const DEPTH = 8;

/** The characters that are to be expected at a position, in order, each with its share of the keys. */
interface Shares {
  readonly points: readonly number[];
  /** Where the share of each begins, of 0 to 1. */
  readonly starts: readonly number[];
}

/** So many keys tell what others that begin like them go on with; fewer do not. */
const ENOUGH = 30;

/** More would only take longer. */
const MOST = 1000;

/** Keys that were seen so far: what is still to come, nobody says beforehand. */
export class Seen {
  // In order.
  readonly #keys: string[];
  readonly #alphabets: Map<string, { alphabet: Alphabet; keysThen: number }> = new Map();

  constructor(keys: readonly string[]) {
    this.#keys = [...keys].sort((a, b) => (comesBefore(a, b) ? -1 : 1));
  }

  /** @param keys - in order, and none that was seen between them */
  add(keys: readonly string[]): void {
    if (keys.length > 0) this.#keys.splice(this.#countBefore(keys[0]!), 0, ...keys);
  }

  /** With what characters keys go on that begin so: those that were seen, or where they are too few, all. */
  after(prefix: readonly number[]): Alphabet {
    const begin = String.fromCodePoint(...prefix);
    const made = this.#alphabets.get(begin);
    // A few keys more hardly change it, and it takes some time to make.
    if (made !== undefined && this.#keys.length < made.keysThen * 1.2) return made.alphabet;
    const first = this.#countBefore(begin);
    const end = this.#countBefore(begin + String.fromCodePoint(LAST));
    const keys = end - first < ENOUGH ? this.#keys : this.#keys.slice(first, end);
    const alphabet = new Alphabet(evenly(keys), prefix.length);
    this.#alphabets.set(begin, { alphabet, keysThen: this.#keys.length });
    return alphabet;
  }

  #countBefore(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comesBefore(this.#keys[middle]!, key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The characters of keys from a position on, and how many keys have them there. */
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

  /** Whether keys are to be expected that have at the first position a character after this one. */
  expectsMore(after: number): boolean {
    const last = this.#shares[0]!.points.at(-1);
    return last !== undefined && last > after;
  }

  /** Where a key stands among all that begin alike, of 0 to 1. */
  place(points: readonly number[]): number {
    let place = 0;
    let width = 1;
    for (const [depth, { points: known, starts }] of this.#shares.entries()) {
      const point = points[this.#from + depth];
      if (point === undefined) break;
      const rank = firstFrom(known, point);
      place += width * (starts[rank] ?? 1);
      if (known[rank] !== point) break;
      width *= (starts[rank + 1] ?? 1) - starts[rank]!;
    }
    return place;
  }

  /**
   * The characters of what stands at about a place; the fewer, the less exact.
   *
   * @param tolerance - how far from the place it may stand
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

// Where a position has had only some of the characters that another has, the others are likely to come: so the
// first digits of numbers that have only begun are predicted from their last.
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

// Of the many characters beyond ASCII, two positions may have the same and have shown none in common.
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

function firstFrom(points: readonly number[], point: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]! < point) low = middle + 1;
    else high = middle;
  }
  return low;
}
