import { MAX_KEYS_AT_ONCE } from "../arguments/keys.js";
import { kindOf } from "../arguments/kinds.js";
import { checkVersionId } from "../arguments/method-options.js";
import { argumentError } from "../errors/errors.js";
import { copy, rename } from "./copy-and-rename.js";
import type { CopyOptions } from "./copy-types.js";
import { internals } from "./internals.js";
import type { Internals } from "./internals.js";
import { mapped } from "./iterables.js";
import { update } from "./methods.js";
import type {
  GetOptions,
  LinkOptions,
  ListedEntry,
  ListEntriesOptions,
  ListOptions,
  ObjectHead,
  ObjectOptions,
  ObjectVersion,
  SetOptions,
  SyncMap,
} from "./sync-map.js";

/** The methods that are the same for a bucket and for all layers: a map's {@link Internals} do the work. */
export abstract class CommonMap<V> implements SyncMap<V> {
  /** @internal */
  abstract readonly [internals]: Internals<V>;
  abstract readonly size: number;
  abstract set(key: string, value: V, options?: SetOptions): this;
  abstract has(key: string): boolean;
  abstract delete(key: string): boolean;
  abstract clear(): void;
  abstract keys(options?: ListOptions): IterableIterator<string>;
  abstract setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this;
  abstract deleteMany(keys: Iterable<string>): void;
  abstract head(key: string): ObjectHead | undefined;
  abstract list(options?: ListEntriesOptions): IterableIterator<ListedEntry>;
  abstract create(key: string, value: V, options?: ObjectOptions): boolean;
  abstract subMap(prefix: string): SyncMap<V>;
  abstract close(): void;

  get(key: string, options?: GetOptions): V | undefined {
    const versionId = checkVersionId(options);
    if (versionId === undefined) return this[internals].get(key, "value")?.value;
    return this[internals].getVersions(new Map([[key, versionId]]), "value").get(key)?.value;
  }

  versions(key: string): ObjectVersion[] {
    return this[internals].versions(key);
  }

  getMany(keys: Iterable<string>): Map<string, V> {
    return new Map(mapped(this[internals].getMany(keys, "value"), ([key, { value }]) => [key, value]));
  }

  entries(options?: ListOptions): IterableIterator<[string, V]> {
    return mapped(this[internals].entries(options, "value"), ([key, { value }]) => [key, value]);
  }

  values(options?: ListOptions): IterableIterator<V> {
    return mapped(this.entries(options), ([, value]) => value);
  }

  [Symbol.iterator](): IterableIterator<[string, V]> {
    return this.entries();
  }

  forEach(callback: (value: V, key: string, map: this) => void, thisArg?: unknown): void {
    if (typeof callback !== "function")
      throw argumentError(`forEach requires a function, not ${kindOf(callback)}.`);
    const listing = this.keys();
    // A page of keys is listed when it is needed. Then their values are read.
    for (
      let keys = take(listing, MAX_KEYS_AT_ONCE);
      keys.length > 0;
      keys = take(listing, MAX_KEYS_AT_ONCE)
    ) {
      this[internals].hintReads(keys);
      for (const key of keys) {
        const value = this.get(key);
        // Undefined if the key was deleted after it was listed.
        if (value !== undefined) callback.call(thisArg, value, key, this);
      }
    }
  }

  update(key: string, fn: (value: V | undefined) => V | undefined, options?: ObjectOptions): V | undefined {
    return update(this, key, fn, options);
  }

  copy(from: string, to: string, options?: CopyOptions): boolean {
    return copy<V>(this, from, to, options);
  }

  rename(from: string, to: string, none?: undefined): boolean {
    return rename<V>(this, from, to, none);
  }

  url(key: string, options?: LinkOptions): string {
    return this[internals].url(key, options);
  }
}

function take(listing: Iterator<string>, most: number): string[] {
  const keys: string[] = [];
  while (keys.length < most) {
    const next = listing.next();
    if (next.done === true) break;
    keys.push(next.value);
  }
  return keys;
}
