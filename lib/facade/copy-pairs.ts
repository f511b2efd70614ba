import { MAX_KEYS_AT_ONCE, wholeKey } from "../arguments/keys.js";
import { argumentError } from "../errors/errors.js";
import { internalsOf } from "../map/internals.js";
import type { SyncMap } from "../map/sync-map.js";

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

/** The keys of a map, without sizes. This listing is faster. */
export function* keysOf(map: SyncMap<unknown>, prefix: string): Generator<[key: string, size: number]> {
  for (const key of map.keys({ prefix })) yield [key, 0];
}

/** The keys of a map, with the sizes of their values. */
export function* listed(map: SyncMap<unknown>, prefix: string): Generator<[key: string, size: number]> {
  if (typeof (map as Partial<typeof map>).list !== "function") {
    // A native Map.
    for (const key of [...map.keys()]) if (key.startsWith(prefix)) yield [key, 0];
    return;
  }
  for (const entry of map.list({ prefix })) if (entry.key !== undefined) yield [entry.key, entry.size];
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

/** @throws TypeError if source and target may have a key in common */
export function checkApart(from: SyncMap<unknown>, to: SyncMap<unknown>, prefix: string): void {
  const [inside, outside] = [internalsOf(from), internalsOf(to)];
  if (from === to) throw overlap();
  if (inside.objects === undefined || outside.objects === undefined) return;
  const range = `${inside.place?.prefix ?? ""}${prefix}`;
  const targets = `${outside.place?.prefix ?? ""}${prefix}`;
  if (!range.startsWith(targets) && !targets.startsWith(range)) return;
  const both = range.length > targets.length ? range : targets;
  if (outside.objects.isSameAs(inside.objects, both)) throw overlap();
}

/** @throws TypeError if a copy would be part of the source */
export function checkTargetsApart(
  from: SyncMap<unknown>,
  to: SyncMap<unknown>,
  prefix: string,
  pairs: readonly Pair[],
): void {
  const [inside, outside] = [internalsOf(from), internalsOf(to)];
  if (inside.objects === undefined || outside.objects === undefined) {
    if (from === to && pairs.some((pair) => pair.to.startsWith(prefix))) throw overlap();
    return;
  }
  const range = `${inside.place?.prefix ?? ""}${prefix}`;
  const start = outside.place?.prefix ?? "";
  if (!pairs.some((pair) => `${start}${pair.to}`.startsWith(range))) return;
  if (outside.objects.isSameAs(inside.objects, range.length > start.length ? range : start)) throw overlap();
}

function overlap(): TypeError {
  return argumentError(
    "Source and target of copyAll overlap, so copies would be copied again. Copy to another bucket, or to a prefix that is neither inside the source's prefix nor contains it.",
  );
}
