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

const none: Shares = { points: [], starts: [] };

/**
 * The characters of keys seen so far, by their position, and how many keys have them there: what is still to come,
 * nobody says beforehand.
 */
export class Alphabet {
  readonly #seen: Map<number, number>[] = [];
  readonly #shares: (Shares | undefined)[] = [];
  #keys = 0;
  #keysThen = 0;

  see(key: string): void {
    let position = 0;
    for (const character of key) {
      const point = character.codePointAt(0)!;
      const seen = (this.#seen[position] ??= new Map<number, number>());
      seen.set(point, (seen.get(point) ?? 0) + 1);
      position += 1;
    }
    this.#keys += 1;
    // A few keys more hardly change the shares, which take some time to work out.
    if (this.#keys < this.#keysThen * 1.2) return;
    this.#keysThen = this.#keys;
    this.#shares.length = 0;
  }

  /** Whether keys are to be expected that have at a position a character after this one. */
  expectsMore(position: number, after: number): boolean {
    const last = this.#at(position).points.at(-1);
    return last !== undefined && last > after;
  }

  /** Where a key stands among all that begin alike, of 0 to 1, by its characters from a position on. */
  place(points: readonly number[], from: number): number {
    let place = 0;
    let width = 1;
    for (let position = from; position < Math.min(points.length, from + DEPTH); position += 1) {
      const { points: known, starts } = this.#at(position);
      const rank = firstFrom(known, points[position]!);
      place += width * (starts[rank] ?? 1);
      if (known[rank] !== points[position]) break;
      width *= (starts[rank + 1] ?? 1) - starts[rank]!;
    }
    return place;
  }

  /**
   * The characters from a position on of what stands at about a place; the fewer, the less exact.
   *
   * @param tolerance - how far from the place it may stand
   */
  atPlace(place: number, from: number, tolerance: number): number[] {
    const found: number[] = [];
    let left = 0;
    let width = 1;
    for (let position = from; position < from + DEPTH; position += 1) {
      const { points, starts } = this.#at(position);
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

  // Where a position has had only some of the characters that another has, the others are likely to come: so the
  // first digits of numbers that have only begun are foreseen from their last.
  #at(position: number): Shares {
    const known = this.#shares[position];
    if (known !== undefined) return known;
    const own = this.#seen[position];
    if (own === undefined) return none;
    const counts = new Map<number, number>();
    for (const [other, seen] of this.#seen.entries()) {
      if (other === position || !isAmong(own, seen)) continue;
      for (const [point, count] of seen) counts.set(point, (counts.get(point) ?? 0) + count);
    }
    if (counts.size > 0) for (const point of own.keys()) if (!counts.has(point)) counts.set(point, 1);
    return (this.#shares[position] = toShares(counts.size === 0 ? own : counts));
  }
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
