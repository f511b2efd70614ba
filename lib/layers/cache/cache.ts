import { checkFlag, checkOptions, checkWhole } from "../../arguments/checks.js";
import { argumentError } from "../../errors/errors.js";
import { internalsOf } from "../../map/internals.js";
import type { FileMap } from "../../map/file-map.js";
import { checkBase } from "../foundation/base.js";
import type { LayerBase } from "../foundation/base.js";
import { CacheLayer } from "./cache-layer.js";
import { CacheStore } from "./cache-store.js";

/** Options of {@link cache}. */
export interface CacheOptions {
  /** The maximum number of keys. Default: 1000. */
  max?: number | undefined;
  /** The approximate maximum size of all keys and values, in bytes. Default: 64 MiB. */
  maxBytes?: number | undefined;
  /**
   * For how many milliseconds a value is returned without a request. During that time it may be outdated. Default: 0.
   * With `Infinity`, that time ends only when the value is evicted.
   */
  ttl?: number | undefined;
  /**
   * Whether a value older than `ttl` is revalidated by a conditional GET. If the value is unchanged, S3 responds
   * without the body. Default: true. With `false`, the value is read again.
   */
  revalidate?: boolean | undefined;
}

/**
 * Caches values that were read, and evicts the least recently used.
 *
 * By default the cache never returns a stale value. Each hit of `get` costs one conditional GET (If-None-Match), to which S3
 * responds with 304 and no body. A 304 with another ETag is not trusted, and costs a second GET. An ETag does not cover
 * the Content-Encoding. In a stack with gzip, a hit therefore costs a GET with the body, unless encrypt is below gzip.
 *
 * With a `ttl`, a hit within that time costs no request. Changes by other programs, and changes by this program that
 * bypass the cache, go unnoticed until the `ttl` is over. The cache also remembers for that time that a key is missing.
 *
 * A write costs the same requests as on the base. Whether it succeeds or fails, the cache forgets the old value. With a
 * `ttl`, the cache keeps a string or bytes that `set` or `setMany` has stored.
 * Listings (`keys`, `list`, `size`, and the keys of `entries`) and `head` always ask the base. `update` always reads
 * what is stored. Sub-maps share the cache of their map. Files (`putFile`, `getFile`) bypass the cache. The cache
 * forgets a key that `putFile` stores.
 *
 * Buffers are copied when they enter and when they leave the cache. Other objects that the program could change cannot
 * be cached: put the cache below the layer that creates them, as in `structured(cache(map))`. Values of json are
 * frozen, so both orders work: `json(cache(map))` parses a value at each read, `cache(json(map))` only once.
 *
 * @throws TypeError for an invalid option, and for a base whose values the program could change
 * @example
 * const settings = json(cache(new S3BucketMap("my-bucket"), { ttl: 60_000 }));
 * settings.get("theme"); // 1 GET
 * settings.get("theme"); // no request
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match
 */
export function cache<V>(map: LayerBase<V>, options: CacheOptions = {}): FileMap<V> {
  const base = checkBase(
    "cache",
    map,
    ["string", "bytes", "frozen"],
    "structured(cache(map)) instead of cache(structured(map))",
  );
  checkOptions(options, ["max", "maxBytes", "ttl", "revalidate"], "cache");
  const { max = 1000, maxBytes = 64 * 1024 * 1024, ttl = 0, revalidate = true } = options;
  checkWhole(max, "max of cache", 1);
  checkWhole(maxBytes, "maxBytes of cache", 1);
  checkWhole(ttl, "ttl of cache", 0);
  checkFlag(revalidate, "revalidate of cache");
  if (ttl === 0 && !revalidate)
    throw argumentError(
      "cache with revalidate: false and no ttl would never return what it keeps. Set a ttl.",
    );
  const { place, delaysWrites } = internalsOf(base);
  if (ttl === 0 && place === undefined) {
    throw argumentError(
      "cache without a ttl needs a map that reports the ETags of its values: S3BucketMap, or a layer over one. " +
        "For this map, set a ttl.",
    );
  }
  // A write in a buffer may still fail, and the cache would not notice.
  if (ttl > 0 && delaysWrites) {
    throw argumentError(
      "cache with a ttl needs a map whose writes are durable when they return. " +
        "Use writeBuffer(cache(map)) instead of cache(writeBuffer(map)).",
    );
  }
  return new CacheLayer(base, new CacheStore({ max, maxBytes, ttl }), revalidate, options);
}
