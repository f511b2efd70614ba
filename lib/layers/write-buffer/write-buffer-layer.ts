import { entriesOf, iterable } from "../../map/iterables.js";
import { mapped } from "../../map/mapped.js";
import { checkAreOptions, checkNoOptions, isBound } from "../../arguments/method-options.js";
import { valueKind, storedReads, backgroundWrites, runBatch, writesAreDurable } from "../../map/internals.js";
import type {
  ValueKind,
  Needs,
  Stored,
  StoredReads,
  BackgroundWrites,
  HasBackgroundWrites,
  Prepared,
} from "../../map/internals.js";
import type {
  ListedEntry,
  ListEntriesOptions,
  ListOptions,
  ObjectHead,
  ObjectOptions,
  SetOptions,
  SyncMap,
} from "../../map/sync-map.js";
import { valueKindOf } from "../foundation/base.js";
import { Layer } from "../foundation/layer.js";
import type { PendingWrites } from "./pending-writes.js";
import { readsOf } from "../foundation/reads.js";
import type { WriteBuffer } from "./buffered-map.js";

/** The property by which a write buffer is known, also to another copy of the library. */
export const delaysWrites: unique symbol = Symbol.for("s3bucketmap.delaysWrites/1");

/** @see writeBuffer */
export class WriteBufferLayer<V> extends Layer<V> implements WriteBuffer<V> {
  protected readonly shown: readonly [string, object?];
  readonly #pending: PendingWrites;
  readonly #prefix: string;
  readonly #reads: StoredReads<V>;
  /** @internal */
  readonly [delaysWrites] = true;
  #closed = false;

  constructor(base: SyncMap<V>, pending: PendingWrites, options: object, prefix = "") {
    super(base);
    this.shown = Object.keys(options).length === 0 ? ["writeBuffer"] : ["writeBuffer", options];
    this.#pending = pending;
    this.#prefix = prefix;
    this.#reads = readsOf(base);
  }

  flush(): void {
    this.#pending.flush();
  }

  /** @internal */
  override [runBatch]<T>(fn: () => T): T {
    let result: T;
    try {
      result = super[runBatch](fn);
    } catch (thrown) {
      try {
        this.flush();
      } catch (failed) {
        throw new AggregateError([thrown, failed], "The function of the batch threw, and so did flush().", {
          cause: failed,
        });
      }
      throw thrown;
    }
    this.flush();
    return result;
  }

  /** @internal */
  override [writesAreDurable](): boolean {
    return false;
  }

  get [valueKind](): ValueKind {
    return valueKindOf(this.base);
  }

  get [backgroundWrites](): BackgroundWrites<V> {
    const base = (this.base as SyncMap<V> & HasBackgroundWrites<V>)[backgroundWrites];
    // For a write buffer over this one: what is in this one would otherwise come later.
    const flushed = <T>(key: string, prepare: () => T): T => {
      if (this.#buffered(key) !== undefined) this.#pending.wait();
      return prepare();
    };
    return {
      prepare: (key, value, options) => flushed(key, () => base.prepare(key, value, options)),
      prepareDeletion: (key) => flushed(key, () => base.prepareDeletion(key)),
      send: (writes) => base.send(writes),
    };
  }

  get #base(): BackgroundWrites<V> {
    return (this.base as SyncMap<V> & HasBackgroundWrites<V>)[backgroundWrites];
  }

  get [storedReads](): StoredReads<V> {
    return {
      get: (key, needs) => this.#get(key, needs),
      getIfChanged: (key, etag, needs) => {
        return this.#buffered(key) === undefined
          ? this.#reads.getIfChanged(key, etag, needs)
          : this.#get(key, needs);
      },
      getMany: (keys, needs) => this.#getMany(keys, needs),
      entries: (options, needs) => this.#lastWritten(this.#reads.entries(options, needs), needs),
      update: (key, change, options) => {
        this.#pending.wait();
        const changeAndFlush = (stored: Stored<V> | undefined): V | undefined => {
          const changed = change(stored);
          // What the function itself wrote comes before what it returns.
          this.#pending.wait();
          return changed;
        };
        return this.#reads.update(key, changeAndFlush, options);
      },
    };
  }

  set(key: string, value: V, options?: SetOptions): this {
    checkAreOptions(options, "set");
    if (isBound(options)) {
      this.#pending.wait();
      this.base.set(key, value, options);
      return this;
    }
    this.#add([[key, this.#base.prepare(key, value, options)]]);
    return this;
  }

  setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this {
    // All are checked before any is sent.
    const prepared = mapped(
      entriesOf(entries),
      ([key, value]) => [key, this.#base.prepare(key, value, options)] as const,
    );
    this.#add([...prepared]);
    return this;
  }

  override delete(key: string): boolean;
  override delete(key: string, none?: unknown): boolean {
    checkNoOptions(none, "delete");
    this.#add([[key, this.#base.prepareDeletion(key)]]);
    return true;
  }

  override deleteMany(keys: Iterable<string>, none?: undefined): void {
    checkNoOptions(none, "deleteMany");
    const prepared = mapped(
      iterable(keys, "deleteMany takes an iterable of keys"),
      (key) => [key, this.#base.prepareDeletion(key)] as const,
    );
    this.#add([...prepared]);
  }

  create(key: string, value: V, options?: ObjectOptions): boolean {
    this.#pending.wait();
    return this.base.create(key, value, options);
  }

  override clear(none?: undefined): void {
    checkNoOptions(none, "clear");
    this.#pending.wait();
    this.base.clear();
  }

  override has(key: string): boolean {
    const pending = this.#buffered(key);
    return pending === undefined ? this.base.has(key) : pending.write.object !== undefined;
  }

  override head(key: string): ObjectHead | undefined {
    this.#pending.wait();
    return this.base.head(key);
  }

  override keys(options?: ListOptions): IterableIterator<string> {
    return this.#flushedFirst(this.base.keys(options));
  }

  override list(options?: ListEntriesOptions): IterableIterator<ListedEntry> {
    return this.#flushedFirst(this.base.list(options));
  }

  override get size(): number {
    this.#pending.wait();
    return this.base.size;
  }

  subMap(prefix: string): WriteBuffer<V> {
    const base = this.base.subMap(prefix);
    return new WriteBufferLayer(base, this.#pending, this.shown[1] ?? {}, this.#prefix + prefix);
  }

  override close(): void {
    this.#closed = true;
    try {
      this.flush();
    } finally {
      this.base.close();
    }
  }

  #get(key: string, needs: Needs): Stored<V> | undefined {
    const pending = this.#buffered(key);
    if (pending === undefined) return this.#reads.get(key, needs);
    return pending.write.object === undefined ? undefined : (pending.write.read() as Stored<V>);
  }

  #getMany(keys: Iterable<string>, needs: Needs): Map<string, Stored<V>> {
    const all = new Set<string>();
    // Kept, for with the `deasync` wait it may leave the buffer while the others are read.
    const own = new Map<string, Stored<V> | undefined>();
    const isAsked = (key: string): boolean => {
      if (this.#buffered(key) === undefined) return true;
      own.set(key, this.#get(key, needs));
      return false;
    };
    const read = this.#reads.getMany(
      noted(iterable(keys, "getMany takes an iterable of keys"), all, isAsked),
      needs,
    );
    const found = new Map<string, Stored<V>>();
    for (const key of all) {
      const stored = own.has(key) ? own.get(key) : read.get(key);
      if (stored !== undefined) found.set(key, stored);
    }
    return found;
  }

  *#lastWritten(entries: Iterable<[string, Stored<V>]>, needs: Needs): IterableIterator<[string, Stored<V>]> {
    for (const [key, stored] of this.#flushedFirst(entries)) {
      // The program may have written to it since the loop began.
      const last = this.#buffered(key) === undefined ? stored : this.#get(key, needs);
      if (last !== undefined) yield [key, last];
    }
  }

  *#flushedFirst<T>(listing: Iterable<T>): IterableIterator<T> {
    this.#pending.wait();
    yield* listing;
  }

  #buffered(key: unknown): ReturnType<PendingWrites["get"]> {
    // What is no key, and a map that is closed, the base refuses.
    return typeof key !== "string" || this.#closed ? undefined : this.#pending.get(this.#prefix + key);
  }

  #add(writes: readonly (readonly [string, Prepared<V>])[]): void {
    const through = this.#base as BackgroundWrites<never>;
    const all = writes.map(([relative, write]) => {
      const key = this.#prefix + relative;
      return { key, write, through, outcome: { key } };
    });
    this.#pending.add(all);
  }
}

/** Those of the keys that are asked for; all are noted. */
function* noted(
  keys: Iterable<string>,
  all: Set<string>,
  isAsked: (key: string) => boolean,
): Generator<string, void, undefined> {
  for (const key of keys) {
    all.add(key);
    if (isAsked(key)) yield key;
  }
}
