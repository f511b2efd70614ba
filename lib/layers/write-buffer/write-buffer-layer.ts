import { checkWriteOptions, checkNoOptions, isBound } from "../../arguments/method-options.js";
import { advice } from "../../errors/advice.js";
import { PartialFailureError, S3BucketMapError } from "../../errors/errors.js";
import { filesOf } from "../../map/file-map.js";
import type { FileMap } from "../../map/file-map.js";
import { internals } from "../../map/internals.js";
import type { Internals, Needs, Prepared, Stored } from "../../map/internals.js";
import { checkedEntries, iterable } from "../../map/iterables.js";
import type {
  ListedEntry,
  ListEntriesOptions,
  ListOptions,
  ObjectHead,
  ObjectOptions,
  SetOptions,
  SyncMap,
} from "../../map/sync-map.js";
import { Layer } from "../foundation/layer.js";
import type { Pending, PendingWrites } from "./pending-writes.js";

/** @see writeBuffer */
export class WriteBufferLayer<V> extends Layer<V> {
  /** @internal */
  readonly [internals]: Internals<V> = {
    ...this.below,
    delaysWrites: true,
    get: (key, needs) => this.#get(key, needs),
    getIfChanged: (key, etag, needs) =>
      this.#buffered(key) === undefined ? this.below.getIfChanged(key, etag, needs) : this.#get(key, needs),
    getMany: (keys, needs) => this.#getMany(keys, needs),
    entries: (options, needs) => this.#lastWritten(this.below.entries(options, needs), needs),
    update: (key, change, options, ...more) => {
      this.#pending.wait();
      const changeAndWait = (stored: Stored<V> | undefined): V | undefined => {
        const changed = change(stored);
        // Writes that the function itself made must be stored before what it returns.
        this.#pending.wait();
        return changed;
      };
      const updated = this.below.update(key, changeAndWait, options, ...more);
      this.#written(key);
      return updated;
    },
    // A write in the buffer is not a version yet.
    versions: (key) => {
      this.#pending.wait();
      return this.below.versions(key);
    },
    allVersions: (options) => {
      this.#pending.wait();
      return this.below.allVersions(options);
    },
    allKeys: () => {
      this.#pending.wait();
      return this.below.allKeys();
    },
    read: (keys, failed) => {
      this.#pending.wait();
      return this.below.read(keys, failed);
    },
    settle: () => {
      this.#pending.wait();
      this.below.settle();
    },
    // Whoever follows the link must find what the program has written.
    url: (key, options) => {
      this.#pending.wait();
      return this.below.url(key, options);
    },
    // A write buffer over this one sends what is prepared here past this buffer. So an older write to the key that is
    // still in this buffer must be durable first.
    prepare: (key, value, options) => {
      if (this.#buffered(key) !== undefined) this.#pending.wait();
      return this.below.prepare(key, value, options);
    },
    prepareDeletion: (key) => {
      if (this.#buffered(key) !== undefined) this.#pending.wait();
      return this.below.prepareDeletion(key);
    },
    runBatch: (fn) => this.#runBatch(fn),
    writesAreDurable: () => false,
  };
  readonly #pending: PendingWrites;
  readonly #options: object;
  readonly #prefix: string;
  #closed = false;

  /** @param prefix - the prefix of this sub-map within the map that the pending writes belong to */
  constructor(base: SyncMap<V>, pending: PendingWrites, options: object, prefix = "") {
    super(base, "writeBuffer", Object.keys(options).length === 0 ? undefined : options);
    this.#pending = pending;
    this.#options = options;
    this.#prefix = prefix;
  }

  flush(): void {
    if (this.#closed) throw closed(this.below.place?.bucket);
    this.#pending.flush();
  }

  set(key: string, value: V, options?: SetOptions): this {
    checkWriteOptions(options, "set");
    if (isBound(options)) {
      this.#pending.wait();
      this.base.set(key, value, options);
      this.#written(key);
    } else this.#add([[key, this.below.prepare(key, value, options)]]);
    return this;
  }

  setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this {
    // All are checked before any is sent.
    this.#add(
      Array.from(checkedEntries(entries), ([key, value]) => [key, this.below.prepare(key, value, options)]),
    );
    return this;
  }

  override delete(key: string): boolean;
  override delete(key: string, none?: unknown): boolean {
    checkNoOptions(none, "delete");
    this.#add([[key, this.below.prepareDeletion(key)]]);
    return true;
  }

  override deleteMany(keys: Iterable<string>, none?: undefined): void {
    checkNoOptions(none, "deleteMany");
    const given = iterable(keys, "deleteMany requires an iterable of keys");
    this.#add(Array.from(given, (key) => [key, this.below.prepareDeletion(key)]));
  }

  create(key: string, value: V, options?: ObjectOptions): boolean {
    this.#pending.wait();
    const isCreated = this.base.create(key, value, options);
    if (isCreated) this.#written(key);
    return isCreated;
  }

  override putFile(...args: Parameters<FileMap<V>["putFile"]>): this {
    const files = filesOf(this.base, "putFile");
    this.#pending.wait();
    files.putFile(...args);
    this.#written(args[0]);
    return this;
  }

  override getFile(...args: Parameters<FileMap<V>["getFile"]>): boolean {
    const files = filesOf(this.base, "getFile");
    if (this.#buffered(args[0]) !== undefined) this.#pending.wait();
    return files.getFile(...args);
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

  subMap(prefix: string): WriteBufferLayer<V> {
    const base = this.base.subMap(prefix);
    return new WriteBufferLayer(base, this.#pending, this.#options, this.#prefix + prefix);
  }

  override close(): void {
    this.#closed = true;
    try {
      this.#pending.flush();
    } finally {
      this.base.close();
    }
  }

  #get(key: string, needs: Needs): Stored<V> | undefined {
    const pending = this.#buffered(key);
    if (pending === undefined) return this.below.get(key, needs);
    // The write was prepared from a V.
    return pending.write.object === undefined ? undefined : (pending.write.read() as Stored<V>);
  }

  #getMany(keys: Iterable<string>, needs: Needs): Map<string, Stored<V>> {
    const all = new Set<string>();
    // Read now, because a write may leave the buffer while the other keys are read, in a callback during a deasync
    // wait.
    const own = new Map<string, Stored<V> | undefined>();
    const isAsked = (key: string): boolean => {
      if (this.#buffered(key) === undefined) return true;
      own.set(key, this.#get(key, needs));
      return false;
    };
    const given = iterable(keys, "getMany requires an iterable of keys");
    const read = this.below.getMany(noted(given, all, isAsked), needs);
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

  /** Called when a key has been written past the buffer. */
  #written(key: string): void {
    this.#pending.written(this.#prefix + key);
  }

  #buffered(key: unknown): Pending | undefined {
    // The base throws for an invalid key, and for any key of a closed map.
    return typeof key !== "string" || this.#closed ? undefined : this.#pending.get(this.#prefix + key);
  }

  #add(writes: readonly (readonly [string, Prepared<V>])[]): void {
    this.#pending.add(
      writes.map(([relative, write]) => {
        const key = this.#prefix + relative;
        return { key, write, through: this.below, outcome: { key } };
      }),
    );
  }

  #runBatch<T>(fn: () => T): T {
    const batch = this.#pending.beginBatch();
    let result: T;
    try {
      result = this.below.runBatch(fn);
    } catch (thrown) {
      try {
        this.#pending.endBatch(batch);
      } catch (failed) {
        if (saysTheSame(thrown, failed)) throw thrown;
        throw new AggregateError([thrown, failed], "The function of the batch threw, and so did flush().", {
          cause: failed,
        });
      }
      throw thrown;
    }
    this.#pending.endBatch(batch);
    return result;
  }
}

function closed(bucket: string | undefined): S3BucketMapError {
  return new S3BucketMapError(
    `Cannot flush the writes to bucket ${JSON.stringify(bucket)}: Closed. ${advice.Closed}`,
    { code: "Closed", operation: "flush", bucket },
  );
}

/** Whether an error that left the batch already contains all that failed. */
function saysTheSame(thrown: unknown, failed: unknown): boolean {
  if (!(thrown instanceof PartialFailureError && failed instanceof PartialFailureError)) return false;
  const errors = new Set(thrown.failed.values());
  return [...failed.failed.values()].every((error) => errors.has(error));
}

/** Records all keys in `all`, and yields those that must be read from the base. */
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
