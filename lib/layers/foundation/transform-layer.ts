import { checkWriteOptions } from "../../arguments/method-options.js";
import { argumentError, partialFailure, S3BucketMapError } from "../../errors/errors.js";
import { internals, unchanged } from "../../map/internals.js";
import type { Internals, Needs, Stored, ValueKind } from "../../map/internals.js";
import { checkedEntries, mapped } from "../../map/iterables.js";
import type { ObjectOptions, SetOptions, SyncMap } from "../../map/sync-map.js";
import { Layer } from "./layer.js";
import { unreadable } from "./unreadable.js";

/** How a layer converts values on their way to its base, and back. */
export interface Codec<V, Raw> {
  /** The layer's name, for `console.log` and errors. */
  readonly name: string;
  /** Its options, for `console.log`. */
  readonly shown?: object;
  readonly valueKind: ValueKind;
  /** What `decode` looks at. If omitted: whatever the reader of this layer looks at. */
  readonly needs?: Needs;
  /** The Content-Type unless the program sets one. */
  readonly contentType?: string | undefined;
  /** @throws TypeError for a value that would not come back unchanged. Then nothing is stored */
  encode(value: V, wholeKey: string, options: SetOptions | undefined): Raw;
  /** @throws any error for bytes or strings that this layer cannot have stored */
  decode(stored: Stored<Raw>, wholeKey: string): Stored<V>;
  /** What `update` returns, made from what was stored. If omitted: what the program's function returned. */
  updated?(stored: Raw): V;
  /**
   * The format that values are stored in, with all options that matter. Between layers of the same format, values are
   * copied as they are stored. If omitted, each value is decoded and encoded again, which is necessary if what is
   * stored depends on the key.
   */
  readonly format?: string;
  /** Which options of a write to pass to the base. If omitted: all of them. */
  options?(options: SetOptions | undefined): SetOptions | undefined;
}

/** A layer that stores each value as its {@link Codec} encodes it. */
export class TransformLayer<V, Raw> extends Layer<V, Raw> {
  /** @internal */
  readonly [internals]: Internals<V>;
  readonly #codec: Codec<V, Raw>;
  readonly #prefix: string;

  /** @param prefix - the prefix of this sub-map. Only used over a base without a place */
  constructor(base: SyncMap<Raw>, codec: Codec<V, Raw>, prefix = "") {
    super(base, codec.name, codec.shown);
    const { below } = this;
    this.#codec = codec;
    this.#prefix = below.place?.prefix ?? prefix;
    const needs = (asked: Needs): Needs => (asked === "age" ? asked : (codec.needs ?? asked));
    this[internals] = {
      ...below,
      valueKind: codec.valueKind,
      get: (key, asked) => {
        const stored = below.get(key, needs(asked));
        return stored && this.#decode(stored, key);
      },
      getIfChanged: (key, etag, asked) => {
        const stored = below.getIfChanged(key, etag, needs(asked));
        return stored === undefined || stored === unchanged ? stored : this.#decode(stored, key);
      },
      getMany: (keys, asked) => this.#decodeAll(below.getMany(keys, needs(asked))),
      getVersions: (versionIds, asked, failed) => {
        const read = below.getVersions(versionIds, needs(asked), failed);
        if (failed !== undefined) return this.#decodeThose(read, failed);
        if (versionIds.size > 1) return this.#decodeAll(read);
        return new Map(mapped(read, ([key, stored]) => [key, this.#decode(stored, key)]));
      },
      entries: (options, asked) =>
        mapped(below.entries(options, needs(asked)), ([key, stored]) => [key, this.#decode(stored, key)]),
      update: (...change) => this.#update(...change),
      formats:
        codec.format === undefined || below.formats === undefined
          ? undefined
          : [codec.format, ...below.formats],
      contentTypes: codec.contentType === undefined ? below.contentTypes : [codec.contentType],
      read: (keys, failed) => this.#decodeThose(below.read(keys, failed), failed),
      url: () => {
        throw argumentError(
          `${codec.name} does not support url, because a link would lead to the value as it is stored. ` +
            `Call url of the base map of ${codec.name}.`,
        );
      },
      prepare: (key, value, options) => {
        const prepared = below.prepare(key, ...this.#encode(key, value, options, "set"));
        return { ...prepared, read: () => this.#decode(prepared.read(), key) };
      },
    };
  }

  set(key: string, value: V, options?: SetOptions): this {
    this.base.set(key, ...this.#encode(key, value, options, "set"));
    return this;
  }

  create(key: string, value: V, options?: ObjectOptions): boolean {
    return this.base.create(key, ...this.#encode(key, value, options, "create"));
  }

  setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this {
    checkWriteOptions(options, "setMany");
    // Encoded one by one, because an endless iterable of invalid entries must fail at the first. The base stores
    // nothing
    // before it has all entries.
    const encoded = mapped(
      checkedEntries(entries),
      ([key, value]) => [key, this.#codec.encode(value, this.#prefix + key, options)] as const,
    );
    this.base.setMany(encoded, this.#passedOn(options));
    return this;
  }

  subMap(prefix: string): SyncMap<V> {
    return new TransformLayer(this.base.subMap(prefix), this.#codec, this.#prefix + prefix);
  }

  #encode(
    key: string,
    value: V,
    options: SetOptions | undefined,
    method: string,
  ): [Raw, SetOptions | undefined] {
    checkWriteOptions(options, method);
    return [this.#codec.encode(value, this.#prefix + key, options), this.#passedOn(options)];
  }

  #passedOn(options: SetOptions | undefined): SetOptions | undefined {
    const { contentType } = this.#codec;
    if (contentType !== undefined && options?.contentType === undefined)
      options = { ...options, contentType };
    return this.#codec.options === undefined ? options : this.#codec.options(options);
  }

  #decode(stored: Stored<Raw>, key: string): Stored<V> {
    const wholeKey = this.#prefix + key;
    try {
      return this.#codec.decode(stored, wholeKey);
    } catch (error) {
      throw unreadable(error, this.#codec.name, wholeKey, this.below.place?.bucket);
    }
  }

  #decodeAll(read: Iterable<[string, Stored<Raw>]>): Map<string, Stored<V>> {
    const failed = new Map<string, S3BucketMapError>();
    const decoded = this.#decodeThose(read, failed);
    const { bucket } = this.below.place ?? {};
    const error = partialFailure("getMany", bucket, ["values", "read"], [...decoded.keys()], failed);
    if (error !== undefined) throw error;
    return decoded;
  }

  /** @param failed - receives the keys that cannot be decoded, each with its error */
  #decodeThose(
    read: Iterable<[string, Stored<Raw>]>,
    failed: Map<string, S3BucketMapError>,
  ): Map<string, Stored<V>> {
    const decoded = new Map<string, Stored<V>>();
    for (const [key, stored] of read) {
      try {
        decoded.set(key, this.#decode(stored, key));
      } catch (error) {
        if (!(error instanceof S3BucketMapError)) throw error;
        failed.set(key, error);
      }
    }
    return decoded;
  }

  #update(
    ...[key, change, optionsFor, resumed, isMissing]: Parameters<Internals<V>["update"]>
  ): V | undefined {
    let decoded: Stored<V> | undefined;
    let changed: V | undefined;
    let encoded: Raw | undefined;
    let passed: ObjectOptions | undefined;
    // The base does not look at the value in `from`, and passes the same object to the function below.
    const below = resumed && { ...resumed, from: { ...resumed.from, value: undefined as Raw } };
    const stored = this.below.update(
      key,
      (stored) => {
        decoded = stored === below?.from ? resumed?.from : stored && this.#decode(stored, key);
        changed = change(decoded);
        if (changed === undefined) return undefined;
        encoded = this.#codec.encode(changed, this.#prefix + key, optionsFor(decoded));
        if (encoded !== undefined) return encoded;
        // The base would delete the key, which only the program may ask for.
        throw argumentError(`${this.#codec.name} encoded the value as undefined, which cannot be stored.`);
      },
      () => {
        const options = optionsFor(decoded);
        checkWriteOptions(options, "update");
        return (passed = this.#passedOn(options));
      },
      below,
      isMissing,
    );
    if (changed === undefined || stored === undefined) return changed;
    if (this.#codec.updated !== undefined) return this.#codec.updated(stored);
    // A layer below, such as validate, may have stored another value.
    if (Object.is(stored, encoded)) return changed;
    return this.#decode({ value: stored, etag: undefined, contentEncoding: passed?.contentEncoding }, key)
      .value;
  }
}
