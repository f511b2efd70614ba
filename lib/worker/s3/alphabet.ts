/** Comes after any character that keys have in practice. It only makes up where ranges begin and end. */
export const LAST = 0x10fffd;

const LEAD = 64 ** 3;

/** The characters of keys seen so far, by their position: what a character at it may be, nobody says beforehand. */
export class Alphabet {
  readonly #seen: Set<number>[] = [];
  readonly #sorted: (readonly number[] | undefined)[] = [];
  readonly #anywhere: Set<number> = new Set();

  see(key: string): void {
    let position = 0;
    for (const character of key) {
      const point = character.codePointAt(0)!;
      const seen = (this.#seen[position] ??= new Set());
      if (!seen.has(point)) {
        seen.add(point);
        this.#sorted[position] = undefined;
        this.#anywhere.add(point);
      }
      position += 1;
    }
  }

  /** Those seen at a position, in order. */
  at(position: number): readonly number[] {
    return (this.#sorted[position] ??= ascending(this.#seen[position] ?? []));
  }

  /** Those between two, exclusively, that were seen at a position. */
  between(position: number, low: number, high: number): number[] {
    return this.at(position).filter((point) => point > low && point < high);
  }

  /** Those after one that are of a kind seen at this position, but were only seen at others so far. */
  expected(position: number, low: number): number[] {
    const kinds = new Set(this.at(position).map(kindOf)).add(kindOf(low));
    return ascending(this.#anywhere).filter(
      (point) => point > low && point < LAST && kinds.has(kindOf(point)),
    );
  }

  /** Where a key stands among all that begin alike, of 0 to 1, by its characters from a position on. */
  place(points: readonly number[], from: number): number {
    let place = 0;
    let width = 1;
    for (let position = from; position < Math.min(points.length, from + 8); position += 1) {
      const seen = this.at(position);
      const rank = seen.findIndex((point) => point >= points[position]!);
      width /= Math.max(1, seen.length);
      place += width * (rank === -1 ? seen.length : rank);
    }
    return place;
  }
}

/** The character in the middle between two, by their bytes in UTF-8, or undefined where there is none. */
export function middle(low: number, high: number): number | undefined {
  const point = unweigh(Math.floor((weigh(low) + weigh(high)) / 2));
  return point > low && point < high ? point : undefined;
}

function ascending(points: Iterable<number>): number[] {
  return [...points].sort((a, b) => a - b);
}

function kindOf(point: number): string {
  if (point >= 0x80) return "beyond ASCII";
  const character = String.fromCharCode(point);
  return /\d/.test(character)
    ? "digit"
    : /[a-z]/.test(character)
      ? "small"
      : /[A-Z]/.test(character)
        ? "capital"
        : "mark";
}

function weigh(point: number): number {
  const [lead = 0, ...trail] = Buffer.from(String.fromCodePoint(point));
  return trail.reduce((sum, byte, at) => sum + (byte & 63) * 64 ** (2 - at), lead * LEAD);
}

function unweigh(weight: number): number {
  const lead = Math.floor(weight / LEAD);
  const trail = weight % LEAD;
  if (lead < 0x80) return lead;
  if (lead < 0xc2) return 0x80;
  if (lead < 0xe0) return (lead & 31) * 64 + (trail >> 12);
  if (lead < 0xf0) {
    const point = Math.max(0x800, (lead & 15) * 4096 + (trail >> 6));
    // Half a pair is no character.
    return point >= 0xd800 && point <= 0xdfff ? 0xe000 : point;
  }
  return Math.min(0x10ffff, Math.max(0x10000, (lead & 7) * LEAD + trail));
}
