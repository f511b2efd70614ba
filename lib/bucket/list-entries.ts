import type { PageStart } from "../bridge/protocol.js";
import { PAGE } from "../map/page.js";
import type { BucketCalls } from "./bucket-calls.js";
import type { ListedEntry, ListEntriesOptions } from "../map/sync-map.js";

/**
 * The entries of a listing, relative to the map. The options have been checked.
 *
 * @throws S3BucketMapError `Closed`, at once
 */
export function listEntries(
  calls: BucketCalls,
  options: ListEntriesOptions,
): Generator<ListedEntry, void, undefined> {
  calls.checkOpen("list");
  return entriesOf(calls, options);
}

function* entriesOf(
  calls: BucketCalls,
  { prefix = "", startAfter, limit = Infinity, delimiter }: ListEntriesOptions,
): Generator<ListedEntry, void, undefined> {
  const where = {
    op: "entries" as const,
    prefix: calls.prefix + prefix,
    ...(delimiter === undefined ? {} : { delimiter }),
  };
  let start: PageStart = startAfter === undefined ? {} : { startAfter: calls.prefix + startAfter };
  for (let left = limit; left > 0;) {
    const page = calls.call({ ...where, ...start, limit: Math.min(left, PAGE) }, "list");
    // A service may give more than it was asked for.
    const entries = page.entries.slice(0, left);
    left -= entries.length;
    for (const { name, object } of entries) {
      const relative = calls.relative(name);
      yield object === undefined
        ? { prefix: relative }
        : { key: relative, ...object, lastModified: new Date(object.lastModified) };
    }
    if (page.next === undefined) return;
    start = page.next;
  }
}
