import { checkNoOptions } from "../../arguments/method-options.js";
import { internals } from "../../map/internals.js";
import type { Internals, Needs, Stored } from "../../map/internals.js";
import { checkedEntries, iterable, mapped } from "../../map/iterables.js";
import type { ObjectHead, ObjectOptions, SetOptions, SyncMap } from "../../map/sync-map.js";
import { copyOf, ownLeaf } from "../data/copies.js";
import { Layer } from "../foundation/layer.js";
import { DocumentStore } from "./document-store.js";

/** @see live */
export class LiveLayer<V> extends Layer<V> {
  /** @internal */
  readonly [internals]: Internals<V> = {
    ...this.below,
    valueKind: "live",
    get: (key, needs) => this.#get(key, needs),
    getIfChanged: (key, _etag, needs) => this.#get(key, needs),
    getMany: (keys, needs) =>
      new Map(
        mapped(this.below.getMany(keys, needs), ([key, stored]) => [
          key,
          this.#documents.documentOf(key, stored),
        ]),
      ),
    entries: (options, needs) =>
      mapped(this.below.entries(options, needs), ([key, stored]) => [
        key,
        this.#documents.documentOf(key, stored),
      ]),
    update: (key, change, ...more) => {
      this.#documents.beforeWrite([key]);
      const once = (stored: Stored<V> | undefined): V | undefined =>
        this.#plain(this.#documents.guard(() => change(stored), key));
      const updated = this.below.update(key, once, ...more);
      this.#documents.written(key);
      return updated;
    },
    // Copying reads the values from the base, where edits of a batch are not stored yet.
    settle: () => {
      this.#documents.settle();
      this.below.settle();
    },
    prepare: (key, value, options) => this.below.prepare(key, this.#plain(value), options),
    runBatch: (fn) => this.#documents.runBatch(fn),
  };
  readonly #documents: DocumentStore<V>;

  constructor(base: SyncMap<V>, outer?: DocumentStore<V>, prefix = "") {
    super(base, "live");
    this.#documents = new DocumentStore(this.below, outer, prefix);
  }

  set(key: string, value: V, options?: SetOptions): this {
    this.#documents.beforeWrite([key]);
    this.base.set(key, this.#plain(value), options);
    this.#documents.sent(key);
    return this;
  }

  setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this {
    const plain = mapped(checkedEntries(entries), ([key, value]) => [key, this.#plain(value)] as const);
    this.#writingMany(
      plain,
      ([key]) => key,
      (taken) => void this.base.setMany(taken, options),
    );
    return this;
  }

  create(key: string, value: V, options?: ObjectOptions): boolean {
    this.#documents.beforeWrite([key]);
    const isCreated = this.base.create(key, this.#plain(value), options);
    if (isCreated) this.#documents.sent(key);
    return isCreated;
  }

  override delete(key: string): boolean;
  override delete(key: string, none?: unknown): boolean {
    checkNoOptions(none, "delete");
    this.#documents.beforeWrite([key]);
    const isGone = this.base.delete(key);
    this.#documents.sent(key);
    return isGone;
  }

  override deleteMany(keys: Iterable<string>, none?: undefined): void {
    checkNoOptions(none, "deleteMany");
    const given = iterable(keys, "deleteMany requires an iterable of keys");
    this.#writingMany(
      given,
      (key) => key,
      (taken) => this.base.deleteMany(taken),
    );
  }

  override clear(none?: undefined): void {
    checkNoOptions(none, "clear");
    this.#documents.beforeWrite();
    this.base.clear();
  }

  override head(key: string): ObjectHead | undefined {
    this.#documents.settle([key]);
    return this.base.head(key);
  }

  override list(...args: Parameters<SyncMap<V>["list"]>): ReturnType<SyncMap<V>["list"]> {
    this.#documents.settle();
    return this.base.list(...args);
  }

  subMap(prefix: string): SyncMap<V> {
    return new LiveLayer(this.base.subMap(prefix), this.#documents, prefix);
  }

  #get(key: string, needs: Needs): Stored<V> | undefined {
    const pending = this.#documents.pending(key);
    if (pending !== undefined) return pending;
    const stored = this.below.get(key, needs);
    return stored && this.#documents.documentOf(key, stored);
  }

  #writingMany<T>(given: Iterable<T>, keyOf: (one: T) => string, write: (taken: Iterable<T>) => void): void {
    const keys: string[] = [];
    const documents = this.#documents;
    // The base checks each before it asks for more, and writes none before it has all.
    function* taken(): Generator<T, void, undefined> {
      for (const one of given) {
        yield one;
        keys.push(keyOf(one));
      }
      documents.beforeWrite(keys);
    }
    write(taken());
    for (const key of keys) documents.sent(key);
  }

  // If the value comes from a document, a plain copy is stored.
  #plain<T>(value: T): T {
    return copyOf(value, this.below.valueKind !== "frozen", ownLeaf) as T;
  }
}
