import { MAX_KEYS_AT_ONCE } from "../../../arguments/keys.js";
import { MAX_KEY_BYTES } from "../../../arguments/keys.js";
import type { Span } from "../../../bridge/protocol.js";
import { comesBefore } from "../../../text/utf8-order.js";
import { LAST } from "./seen-keys.js";
import type { SeenKeys } from "./seen-keys.js";

/** What is known about the rest of a span. */
type Unlisted = Omit<Span, "start">;

/** A span with fewer keys left is not divided. */
export const WORTH_DIVIDING: number = 2 * MAX_KEYS_AT_ONCE;

interface Division {
  /** The upper part lists the keys after this string. */
  point: string;
  /** Estimates of how many keys are left in each part. */
  lowerLeft: number;
  upperLeft: number;
}

/** Where to divide a span, or undefined if that cannot be estimated. */
export function divisionOf(
  span: Unlisted & { left: number },
  prefix: string,
  seen: SeenKeys,
): Division | undefined {
  const end = predictableEnd(span, MAX_KEYS_AT_ONCE, prefix, seen);
  // Only the upper part's first page will show whether there are keys after a predicted end.
  if (end !== "open") return end && { point: end.until, lowerLeft: end.left, upperLeft: 0 };
  const point = middleOf(span, prefix, seen);
  return point === undefined ? undefined : { point, lowerLeft: span.left / 2, upperLeft: span.left / 2 };
}

/** Estimates how many keys are left in a span, from the `count` keys between `near` and `after`. */
export function keysLeft(span: Unlisted, count: number, prefix: string, seen: SeenKeys): number {
  const end = predictableEnd(span, count, prefix, seen);
  return end === "open" ? estimate(span, count, prefix, seen) : (end?.left ?? 0);
}

/** How far from the estimated middle a point may be, as a fraction of the span. */
const TOLERANCE = 0.2;

/** A string between `after` and `until` that is estimated to halve the keys between them. */
function middleOf(part: Unlisted, prefix: string, seen: SeenKeys): string | undefined {
  const after = pointsOf(part.after);
  const until = endOf(part, prefix);
  const shared = common(after, until);
  const alphabet = seen.after(after.slice(0, shared));
  const begin = alphabet.place(after);
  const width = alphabet.place(until) - begin;
  if (!(width > 0)) return undefined;
  const rest = alphabet.atPlace(begin + width / 2, width * TOLERANCE);
  return checked([...after.slice(0, shared), ...rest], part);
}

/**
 * Predicts an end for a span that has none. If recent keys have a common prefix that is longer than the map's prefix,
 * the span is predicted to end where that prefix ends.
 *
 * @returns the end, with an estimate of the keys before it; "open" if the span already has an end, or if only the end
 * of the map's prefix can be predicted
 */
function predictableEnd(
  part: Unlisted,
  count: number,
  prefix: string,
  seen: SeenKeys,
): { until: string; left: number } | "open" | undefined {
  if (part.until !== undefined) return "open";
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
    if (left >= WORTH_DIVIDING) return { until, left };
  }
  return undefined;
}

function estimate(part: Unlisted, count: number, prefix: string, seen: SeenKeys): number {
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
