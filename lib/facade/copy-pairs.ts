import { MAX_KEYS_AT_ONCE, wholeKey } from "../arguments/keys.js";
import { argumentError } from "../errors/errors.js";
import type { Internals } from "../map/internals.js";
import type { SyncMap } from "../map/sync-map.js";

/** The source or the target. */
export interface Side {
  readonly map: SyncMap<unknown>;
  readonly inner: Internals<unknown>;
}

/** A key to copy, and the key of its copy. */
export interface Pair {
  readonly from: string;
  readonly to: string;
  /** The size of the stored value, in bytes. */
  readonly size: number;
}

/**
 * The pairs to copy, in the order of the keys. @throws TypeError if the function returns an invalid key, or the same
 * key twice
 */
export function pairsOf(
  listing: Iterable<[key: string, size: number]>,
  keyOf: (key: string) => string | undefined,
  targetPrefix: string,
): Pair[] {
  const pairs: Pair[] = [];
  const sources = new Map<string, string>();
  for (const [key, size] of listing) {
    const to: unknown = keyOf(key);
    if (to === undefined) continue;
    wholeKey(targetPrefix, to);
    const other = sources.get(to as string);
    if (other !== undefined)
      throw argumentError(
        `copyAll would copy both ${JSON.stringify(other)} and ${JSON.stringify(key)} to ${JSON.stringify(to)}.`,
      );
    sources.set(to as string, key);
    pairs.push({ from: key, to: to as string, size });
  }
  return pairs;
}

/** The keys of a map, with the sizes of their values if these are asked for. A listing without them is faster. */
export function* listedKeys(
  map: SyncMap<unknown>,
  prefix: string,
  withSizes: boolean,
): Generator<[key: string, size: number]> {
  if (withSizes && typeof (map as Partial<typeof map>).list === "function") {
    for (const entry of map.list({ prefix })) if (entry.key !== undefined) yield [entry.key, entry.size];
    return;
  }
  // A native Map ignores the prefix.
  for (const key of map.keys({ prefix })) if (key.startsWith(prefix)) yield [key, 0];
}

/** Groups of at most a thousand pairs, and at most this many bytes. */
export function* slices(pairs: readonly Pair[], maxBytes: number): Generator<Pair[]> {
  let slice: Pair[] = [];
  let bytes = 0;
  for (const pair of pairs) {
    if (slice.length === MAX_KEYS_AT_ONCE || (slice.length > 0 && bytes + pair.size > maxBytes)) {
      yield slice;
      slice = [];
      bytes = 0;
    }
    slice.push(pair);
    bytes += pair.size;
  }
  if (slice.length > 0) yield slice;
}

/**
 * @param pairs - if they are known. Otherwise each key is copied to the same key
 * @throws TypeError if a copy would be, or might be, part of the source
 */
export function checkApart(source: Side, target: Side, prefix: string, pairs?: readonly Pair[]): void {
  const range = `${source.inner.place?.prefix ?? ""}${prefix}`;
  const start = `${target.inner.place?.prefix ?? ""}${pairs === undefined ? prefix : ""}`;
  const mayOverlap =
    pairs === undefined
      ? range.startsWith(start) || start.startsWith(range)
      : pairs.some((pair) => `${start}${pair.to}`.startsWith(range));
  if (!mayOverlap) return;
  const [from, to] = [source.inner.objects, target.inner.objects];
  const isOneMap =
    from === undefined || to === undefined
      ? source.map === target.map
      : to.isSameAs(from, range.length > start.length ? range : start);
  if (!isOneMap) return;
  throw argumentError(
    "Source and target of copyAll overlap, so copies would be copied again. Copy to another bucket, or to a prefix that is neither inside the source's prefix nor contains it.",
  );
}
