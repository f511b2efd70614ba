import type { Method } from "../bridge/operations.js";
import type { ListedSpan, PageStart, Span } from "../bridge/protocol.js";
import { MAX_KEYS_AT_ONCE } from "../arguments/keys.js";
import type { BucketCalls } from "./bucket-calls.js";
import type { Keys } from "./paged-listing.js";

/** This many pages are listed one after the other before it pays to list in parallel. */
const PAGES_IN_ORDER = 10;

/**
 * One call requests pages for at most this time, or for a quarter of its deadline. So each page has at least the rest
 * of the deadline.
 */
const BEGIN_FOR_MS = 1000;

/** One in this many keys goes into the sample. */
const SAMPLE_EVERY = 20;

/**
 * All full keys of a map, in order, for callers that need all of them at once. Up to 10,000 keys, this costs 1 LIST for
 * each thousand keys, and at least 1. The rest is listed in parallel, `concurrency` pages at a time, with at most 1.3
 * LISTs for each thousand keys, plus 10.
 */
export function* wholeListing(calls: BucketCalls, method: Method): Generator<Keys, void, undefined> {
  const sample: string[] = [];
  let listed = 0;
  let low: string | undefined;
  let start: PageStart = {};
  for (let pages = 1, inOrder: number = PAGES_IN_ORDER; ; pages += 1) {
    const page = calls.call({ op: "list", prefix: calls.prefix, limit: MAX_KEYS_AT_ONCE, ...start }, method);
    yield page;
    if (page.next === undefined) return;
    start = page.next;
    listed += page.keys.length;
    low ??= page.keys[0];
    for (let at = 0; at < page.keys.length; at += SAMPLE_EVERY) sample.push(page.keys[at]!);
    const near = page.keys[0];
    const after = page.keys.at(-1);
    if (pages < inOrder || low === undefined || near === undefined || after === undefined) continue;
    if (calls.shared.settings.client.concurrency === 1) continue;

    const rest = inParallel(
      calls,
      method,
      { start, after, until: undefined, low, near },
      pages,
      listed,
      sample,
    );
    if (rest !== undefined) return yield* rest;
    inOrder = Infinity;
  }
}

/**
 * @returns undefined if the service cannot list from a given key, or does not list in S3's order. Then the map must be
 * listed page by page
 */
function inParallel(
  calls: BucketCalls,
  method: Method,
  whole: Span,
  requests: number,
  listed: number,
  sample: string[],
): Keys[] | undefined {
  let parts: ListedSpan[] = [{ keys: [], sizes: new Float64Array(), rest: whole }];
  const beginForMs = Math.min(BEGIN_FOR_MS, calls.shared.settings.timeoutMs / 4);
  for (;;) {
    const spans = parts.flatMap(({ rest }) => rest ?? []);
    if (spans.length === 0) return areWhole(parts) ? parts : undefined;
    const found = calls.call(
      { op: "listSpans", prefix: calls.prefix, spans, requests, listed, sample, beginForMs },
      method,
    );
    if ("sequential" in found) return undefined;
    const more = found.spans.values();
    parts = parts.flatMap((part) =>
      part.rest === undefined ? [part] : [{ keys: part.keys, sizes: part.sizes }, ...more.next().value!],
    );
    requests = found.requests;
    for (const { keys } of found.spans.flat()) {
      listed += keys.length;
      for (let at = 0; at < keys.length; at += MAX_KEYS_AT_ONCE) sample.push(keys[at]!);
    }
  }
}

// The last page of a part may go on with keys that belong to later parts. If no later part has any of them, the service
// lists in another order than S3's, and keys may be missing.
function areWhole(parts: readonly ListedSpan[]): boolean {
  return parts.every(({ beyond }, at) => {
    if (beyond === undefined) return true;
    const sought = new Set(beyond);
    return parts.slice(at + 1).some(({ keys }) => keys.some((key) => sought.has(key)));
  });
}
