import { MAX_KEY_BYTES } from "../../../arguments/keys.js";
import { comesBefore } from "../../../text/utf8-order.js";
import { LAST } from "./alphabet.js";
import type { Seen } from "./alphabet.js";

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

/** How far from the middle of a part it may be divided. */
const TOLERANCE = 0.2;

/**
 * Where to divide a part that has an end, so that both halves have about as many keys: a guess, from the characters
 * that keys have had at each position.
 *
 * @returns a string to list after, between `after` and `until`; undefined where nothing can be guessed
 */
export function splitPoint(part: Unlisted, prefix: string, seen: Seen): string | undefined {
  const after = pointsOf(part.after);
  const until = endOf(part, prefix);
  const alike = common(after, until);
  const alphabet = seen.after(after.slice(0, alike));
  const begin = alphabet.place(after);
  const width = alphabet.place(until) - begin;
  if (!(width > 0)) return undefined;
  const rest = alphabet.atPlace(begin + width / 2, width * TOLERANCE);
  return checked([...after.slice(0, alike), ...rest], part);
}

/**
 * What seems to come next of a part without an end: where all keys until now begin alike, those that begin so, too;
 * and whether there are others is to be asked.
 *
 * @param enough - how many keys are worth an end of their own
 * @returns the end, and about how many keys come before it; "open" where it is all that begins with the prefix
 */
export function predictableEnd(
  part: Unlisted,
  count: number,
  enough: number,
  prefix: string,
  seen: Seen,
): { until: string; left: number } | "open" | undefined {
  const after = pointsOf(part.after);
  const least = pointsOf(prefix).length;
  const deepest = common(pointsOf(part.near), after);
  const levels = [common(pointsOf(part.low), after)];
  for (let level = deepest; level >= least; level -= 1) levels.push(level);
  for (const level of levels) {
    if (level < least || !seen.after(after.slice(0, level)).expectsMore(after[level] ?? -1)) continue;
    if (level === least) return "open";
    const until = checked([...after.slice(0, level), LAST], part);
    if (until === undefined) continue;
    const left = estimate({ ...part, until }, count, prefix, seen);
    if (left >= enough) return { until, left };
  }
  return undefined;
}

/** About how many keys are unlisted, where `count` were between `near` and `after`. */
export function estimate(part: Unlisted, count: number, prefix: string, seen: Seen): number {
  const end = endOf(part, prefix);
  const begin = pointsOf(part.near);
  const from = common(begin, end);
  const alphabet = seen.after(begin.slice(0, from));
  const here = alphabet.place(pointsOf(part.after));
  const known = here - alphabet.place(begin);
  return known > 0 ? (count * Math.max(0, alphabet.place(end) - here)) / known : Infinity;
}

function checked(points: number[], { after, until }: Unlisted): string | undefined {
  const point = String.fromCodePoint(...points);
  const isBetween = comesBefore(after, point) && (until === undefined || comesBefore(point, until));
  return isBetween && Buffer.byteLength(point) <= MAX_KEY_BYTES ? point : undefined;
}

function endOf({ until }: Unlisted, prefix: string): number[] {
  return until === undefined ? [...pointsOf(prefix), LAST] : pointsOf(until);
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
