import { entriesOf } from "../../map/iterables.js";
import { placeOf, valueKind, storedReads, backgroundWrites } from "../../map/internals.js";
import { mapped } from "../../map/mapped.js";
import { checkAreOptions } from "../../arguments/method-options.js";
import type {
  ValueKind,
  StoredReads,
  BackgroundWrites,
  HasBackgroundWrites,
  Prepared,
} from "../../map/internals.js";
import type { ObjectOptions, SetOptions, SyncMap } from "../../map/sync-map.js";
import type { Codec } from "./codec.js";
import { DecodedReads } from "./decoded-reads.js";
import { Layer } from "./layer.js";
import { readsOf } from "./reads.js";

/** A layer that makes something else of each value, by a {@link Codec}. */
export class TransformLayer<V, Raw> extends Layer<V, Raw> {
  protected readonly shown: readonly [string, object?];
  readonly #codec: Codec<V, Raw>;
  readonly #prefix: string;

  /** @param prefix - of the sub-map that this is: what a base that does not say where it is cannot tell */
  constructor(base: SyncMap<Raw>, codec: Codec<V, Raw>, prefix = "") {
    super(base);
    this.shown = codec.shown === undefined ? [codec.name] : [codec.name, codec.shown];
    this.#codec = codec;
    this.#prefix = prefix;
  }

  get [valueKind](): ValueKind {
    return this.#codec.valueKind;
  }

  get [storedReads](): StoredReads<V> {
    return new DecodedReads(
      this.#codec,
      readsOf(this.base),
      () => this[placeOf](),
      (key) => this.#whole(key),
    );
  }

  get [backgroundWrites](): BackgroundWrites<V> {
    const base = (this.base as SyncMap<Raw> & HasBackgroundWrites<Raw>)[backgroundWrites];
    return {
      prepare: (key, value, options) => {
        checkAreOptions(options, "set");
        const encoded = this.#codec.encode(value, this.#whole(key), options);
        const prepared = base.prepare(key, encoded, this.#passedOn(options));
        return { ...prepared, read: () => this.#codec.decode(prepared.read(), this.#whole(key)) };
      },
      prepareDeletion: (key) => base.prepareDeletion(key) as Prepared<never>,
      send: (writes) => base.send(writes),
    };
  }

  set(key: string, value: V, options?: SetOptions): this {
    checkAreOptions(options, "set");
    const encoded = this.#codec.encode(value, this.#whole(key), options);
    this.base.set(key, encoded, this.#passedOn(options));
    return this;
  }

  create(key: string, value: V, options?: ObjectOptions): boolean {
    checkAreOptions(options, "create");
    const encoded = this.#codec.encode(value, this.#whole(key), options);
    return this.base.create(key, encoded, this.#passedOn(options));
  }

  setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this {
    checkAreOptions(options, "setMany");
    // The base takes each by itself, and so refuses a wrong one at once. It takes all before it stores any.
    const encoded = mapped(entriesOf(entries), ([key, value]) => {
      return [key, this.#codec.encode(value, this.#whole(key), options)] as const;
    });
    this.base.setMany(encoded, this.#passedOn(options));
    return this;
  }

  subMap(prefix: string): SyncMap<V> {
    return new TransformLayer(this.base.subMap(prefix), this.#codec, this.#prefix + prefix);
  }

  // The same for an object through whichever map it is met.
  #whole(key: string): string {
    return (this[placeOf]()?.prefix ?? this.#prefix) + key;
  }

  #passedOn(options: SetOptions | undefined): SetOptions | undefined {
    return this.#codec.options === undefined ? options : this.#codec.options(options);
  }
}
