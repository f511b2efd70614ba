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
  /** At most this many keys. Default: 1000. */
  max?: number | undefined;
  /** At most this many bytes, roughly, of keys and values. Default: 64 MiB. */
  maxBytes?: number | undefined;
  /**
   * For how many milliseconds a value is given without a request, so it may be outdated. Default: 0. `Infinity`: until it is evicted.
   */
  ttl?: number | undefined;
  /**
   * Whether a value older than `ttl` is revalidated by a conditional GET, which S3 answers without the body if it is
   * unchanged. Default: true. Otherwise it is read again.
   */
  revalidate?: boolean | undefined;
}

/**
 * Keeps values that were read, and evicts the least recently used.
 *
 * By default no value is stale: each hit costs one conditional GET (If-None-Match), which S3 answers with 304 and no
 * body. A 304 with another ETag is not trusted, and costs a second GET. An ETag does not cover the Content-Encoding, so in a
 * stack with gzip a hit costs a whole GET, unless encrypt is below gzip.
 *
 * With a `ttl`, a hit within it costs no request. Writes by others, or by this program past the cache, show when it has
 * expired. Missing keys are remembered for the `ttl`, too.
 *
 * Writes go to the base at its cost. Whether they succeed or fail, the cache forgets the key.
 * Listings (`keys`, `list`, `size`, and the keys of `entries`) and `head` always ask the base, and `update` always reads what is stored.
 * Sub-maps share the cache of their map. Files (`putFile`, `getFile`) go past the cache, which forgets a key that is stored so.
 *
 * Buffers are copied, in and out. Other objects that the program could change cannot be cached: put the cache beneath the
 * layer that makes them, as in `structured(cache(map))`. What json gives is frozen, so both orders work: `json(cache(map))` parses on each
 * read, `cache(json(map))` once.
 *
 * @throws TypeError for a wrong option, and for a base whose values the program could change
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
      "cache with revalidate: false and no ttl would never give what it keeps: give it a ttl.",
    );
  const { place, delaysWrites } = internalsOf(base);
  if (ttl === 0 && place === undefined) {
    throw argumentError(
      "cache can only ask this map whether a value has changed if it tells ETags with its values, as S3BucketMap and the layers over it do: give it a ttl.",
    );
  }
  // A write in a buffer may still fail, and the cache would not hear of it.
  if (ttl > 0 && delaysWrites) {
    throw argumentError(
      "cache with a ttl needs a map whose writes are durable when they return: writeBuffer(cache(map)) instead of cache(writeBuffer(map)).",
    );
  }
  return new CacheLayer(base, new CacheStore({ max, maxBytes, ttl }), revalidate, options);
}
