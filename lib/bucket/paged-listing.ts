import type { Call, Method } from "../bridge/operations.js";
import type { EntryPage, Page, PageStart } from "../bridge/protocol.js";
import { MAX_KEYS_AT_ONCE } from "../arguments/keys.js";
import type { ListedEntry, ListEntriesOptions, ListOptions } from "../map/sync-map.js";
import type { BucketCalls } from "./bucket-calls.js";

// The options have been checked. A closed map throws at the call, not when the first page is needed.

/** Full keys, with the sizes of their values. */
export type Keys = Pick<Page, "keys" | "sizes">;

/** Full keys, and the sizes of their values, page by page. */
export function listKeys(
  calls: BucketCalls,
  options: ListOptions = {},
  method: Method = "list",
): Generator<Keys, void, undefined> {
  calls.checkOpen(method);
  const cut = ({ keys, sizes }: Page, most: number): Keys => ({
    keys: keys.slice(0, most),
    sizes: sizes.subarray(0, most),
  });
  const ask = (request: Omit<Call<"list">, "op">): Page => calls.call({ op: "list", ...request }, method);
  return pagesOf(calls.prefix, options, ask, ({ keys }) => keys.length, cut);
}

/** Objects and common prefixes, relative to the map. */
export function listEntries(
  calls: BucketCalls,
  { delimiter, ...options }: ListEntriesOptions,
): Generator<ListedEntry, void, undefined> {
  calls.checkOpen("list");
  const given = delimiter === undefined ? {} : { delimiter };
  const ask = (request: Omit<Call<"entries">, "op">): EntryPage =>
    calls.call({ op: "entries", ...given, ...request }, "list");
  const cut = ({ entries }: EntryPage, most: number): EntryPage => ({ entries: entries.slice(0, most) });
  return relativeEntries(
    calls,
    pagesOf(calls.prefix, options, ask, ({ entries }) => entries.length, cut),
  );
}

function* relativeEntries(
  calls: BucketCalls,
  pages: Iterable<EntryPage>,
): Generator<ListedEntry, void, undefined> {
  for (const { entries } of pages) {
    for (const { name, object } of entries) {
      const relative = calls.relative(name);
      yield object === undefined
        ? { prefix: relative }
        : { key: relative, ...object, lastModified: new Date(object.lastModified) };
    }
  }
}

/** @param cut - shortens a page, because a service may return more than was requested */
function* pagesOf<Asked extends Part & { next?: PageStart }, Part>(
  mapPrefix: string,
  { prefix = "", startAfter, limit = Infinity }: ListOptions,
  ask: (request: { prefix: string; limit: number } & PageStart) => Asked,
  lengthOf: (page: Asked) => number,
  cut: (page: Asked, most: number) => Part,
): Generator<Part, void, undefined> {
  let start: PageStart = startAfter === undefined ? {} : { startAfter: mapPrefix + startAfter };
  for (let left = limit; left > 0;) {
    const page = ask({ prefix: mapPrefix + prefix, limit: Math.min(left, MAX_KEYS_AT_ONCE), ...start });
    const length = lengthOf(page);
    yield length > left ? cut(page, left) : page;
    left -= length;
    if (page.next === undefined) return;
    start = page.next;
  }
}
