import { MAX_KEY_BYTES } from "../../keys.js";
import { comesBefore } from "../../utf8-order.js";
import { LAST, middle } from "./alphabet.js";
import type { Alphabet } from "./alphabet.js";

/** What is known of a part of a listing that is still to be listed. */
export interface Unlisted {
  /** All up to this is known. */
  after: string;
  /** Another part begins after this; without it, the listing ends with this part. */
  until: string | undefined;
  /** A key that comes before the part. */
  low: string;
  /** A key of the same page as `after`. */
  near: string;
}

/**
 * Where to divide what is unlisted, so that both halves have keys: a guess, from the characters seen.
 *
 * Where all keys that are near begin alike, the question is first whether there are any that do not; and then
 * how the next character divides those that do.
 *
 * @returns a string to list after, between `after` and `until`; undefined where nothing can be guessed
 */
export function splitPoint(part: Unlisted, prefix: string, alphabet: Alphabet): string | undefined {
  const after = pointsOf(part.after);
  const until = part.until === undefined ? [...pointsOf(prefix), LAST] : pointsOf(part.until);
  const alike = common(after, until);
  const points = guess(after, until, alike, part, alphabet);
  if (points === undefined) return undefined;
  const point = String.fromCodePoint(...points);
  const isBetween =
    comesBefore(part.after, point) && (part.until === undefined || comesBefore(point, part.until));
  return isBetween && Buffer.byteLength(point) <= MAX_KEY_BYTES ? point : undefined;
}

/** About how many keys are unlisted, where `count` were between `near` and `after`. */
export function estimate({ after, until, near }: Unlisted, count: number, alphabet: Alphabet): number {
  if (until === undefined) return Infinity;
  const end = pointsOf(until);
  const begin = pointsOf(near);
  const from = common(begin, end);
  const here = alphabet.place(pointsOf(after), from);
  const seen = here - alphabet.place(begin, from);
  return seen > 0 ? (count * Math.max(0, alphabet.place(end, from) - here)) / seen : Infinity;
}

function guess(
  after: number[],
  until: number[],
  alike: number,
  { low, near }: Unlisted,
  alphabet: Alphabet,
): number[] | undefined {
  const x = after[alike] ?? -1;
  const y = until[alike] ?? LAST;
  const between = candidates(alphabet, alike, x, y);
  if (between.length > 0 || y === LAST) {
    const shared = common(pointsOf(low), after);
    if (shared > alike) return [...after.slice(0, shared), LAST];
    if (between.length > 0) return [...after.slice(0, alike), median(between)];
    return [...after.slice(0, alike + 1), LAST];
  }
  const shared = common(pointsOf(near), after);
  if (shared > alike + 1) return [...after.slice(0, shared), LAST];
  for (let depth = alike + 1; depth < after.length; depth += 1) {
    const above = alphabet.between(depth, after[depth]!, LAST);
    const below = depth === alike + 1 ? alphabet.between(depth, -1, until[depth] ?? -1) : [];
    const half = (above.length + below.length) >> 1;
    if (half < above.length) return [...after.slice(0, depth), above[half]!];
    if (below.length > 0) return [...until.slice(0, depth), below[half - above.length]!];
  }
  return undefined;
}

function candidates(alphabet: Alphabet, position: number, low: number, high: number): number[] {
  const seen = alphabet.between(position, low, high);
  if (seen.length > 0) return seen;
  if (high === LAST) {
    const expected = alphabet.expected(position, low);
    if (expected.length > 0) return expected;
  }
  const guessed = low >= 0x80 ? middle(low, high) : undefined;
  return guessed === undefined ? [] : [guessed];
}

function median(points: number[]): number {
  return points[points.length >> 1]!;
}

function pointsOf(key: string): number[] {
  return Array.from(key, (character) => character.codePointAt(0)!);
}

function common(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length += 1;
  return length;
}
