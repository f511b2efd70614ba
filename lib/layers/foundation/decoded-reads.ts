import { PartialFailureError } from "../../errors/errors.js";
import type { S3BucketMapError } from "../../errors/errors.js";
import type { Place, Needs, Stored, StoredReads } from "../../map/internals.js";
import { mapped } from "../../map/mapped.js";
import { checkAreOptions } from "../../arguments/method-options.js";
import { argumentError } from "../../errors/argument-error.js";
import { unchanged } from "../../map/internals.js";
import type { ListOptions, ObjectOptions } from "../../map/sync-map.js";
import type { Codec } from "./codec.js";
import { unreadable } from "./unreadable.js";

/** How a layer reads what its base gives: each value goes through its codec. */
export class DecodedReads<V, Raw> implements StoredReads<V> {
  readonly #codec: Codec<V, Raw>;
  readonly #reads: StoredReads<Raw>;
  readonly #place: () => Place | undefined;
  readonly #whole: (key: string) => string;

  /** @param whole - the whole key of one of the map's, in whose name errors speak and codecs decode */
  constructor(
    codec: Codec<V, Raw>,
    reads: StoredReads<Raw>,
    place: () => Place | undefined,
    whole: (key: string) => string,
  ) {
    this.#codec = codec;
    this.#reads = reads;
    this.#place = place;
    this.#whole = whole;
  }

  get(key: string, needs: Needs): Stored<V> | undefined {
    const stored = this.#reads.get(key, this.#needs(needs));
    return stored && this.#decode(stored, key);
  }

  getIfChanged(key: string, etag: string, needs: Needs): Stored<V> | typeof unchanged | undefined {
    const stored = this.#reads.getIfChanged(key, etag, this.#needs(needs));
    return stored === undefined || stored === unchanged ? stored : this.#decode(stored, key);
  }

  getMany(keys: Iterable<string>, needs: Needs): Map<string, Stored<V>> {
    const decoded = new Map<string, Stored<V>>();
    const failed = new Map<string, S3BucketMapError>();
    for (const [key, stored] of this.#reads.getMany(keys, this.#needs(needs))) {
      try {
        decoded.set(key, this.#decode(stored, key));
      } catch (error) {
        failed.set(key, error as S3BucketMapError);
      }
    }
    const [first] = failed.values();
    if (first === undefined) return decoded;
    throw new PartialFailureError(
      `Of ${decoded.size + failed.size} values ${failed.size} could not be read; the first: ${first.message} ` +
        "The error's succeeded and failed name them all.",
      { code: "PartialFailure", operation: "getMany", bucket: this.#place()?.bucket, cause: first },
      [...decoded.keys()],
      failed,
    );
  }

  entries(options: ListOptions | undefined, needs: Needs): IterableIterator<[string, Stored<V>]> {
    const stored = this.#reads.entries(options, this.#needs(needs));
    return mapped(stored, ([key, each]) => [key, this.#decode(each, key)]);
  }

  update(
    key: string,
    change: (stored: Stored<V> | undefined) => V | undefined,
    optionsFor: (stored: Stored<V> | undefined) => ObjectOptions | undefined,
  ): V | undefined {
    let decoded: Stored<V> | undefined;
    let changed: V | undefined;
    this.#reads.update(
      key,
      (stored) => {
        decoded = stored && this.#decode(stored, key);
        changed = change(decoded);
        if (changed === undefined) return undefined;
        const encoded = this.#codec.encode(changed, this.#whole(key), optionsFor(decoded)) as Raw | undefined;
        // To the base it would mean that the key is to be deleted, and only the program may say that.
        if (encoded === undefined)
          throw argumentError(`${this.#codec.name} encoded the value as undefined, which cannot be stored.`);
        return encoded;
      },
      () => {
        const options = optionsFor(decoded);
        checkAreOptions(options, "update");
        return this.#codec.options === undefined ? options : this.#codec.options(options);
      },
    );
    return changed;
  }

  #needs(needs: Needs): Needs {
    return this.#codec.needs ?? needs;
  }

  #decode(stored: Stored<Raw>, key: string): Stored<V> {
    try {
      return this.#codec.decode(stored, this.#whole(key));
    } catch (error) {
      throw unreadable(error, this.#codec.name, this.#whole(key), this.#place());
    }
  }
}
