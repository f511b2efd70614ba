import { checkEntriesOptions, checkListOptions } from "../arguments/method-options.js";
import { argumentError, PartialFailureError } from "../errors/errors.js";
import type { S3BucketMapError } from "../errors/errors.js";
import { internals, stateOf } from "../map/internals.js";
import type { Internals, Needs, Stored } from "../map/internals.js";
import { iterable, mapped } from "../map/iterables.js";
import type {
  ListedEntry,
  ListedObject,
  ListEntriesOptions,
  ListOptions,
  ObjectHead,
  ObjectVersion,
  SyncMap,
} from "../map/sync-map.js";
import { comesBefore } from "../text/utf8-order.js";
import { ReadonlyLayer } from "./foundation/readonly-layer.js";

/** At most this many values are read at once during iteration. */
const WINDOW = 32;

type Existing = ObjectVersion & { size: number; etag: string };

/** @see at */
export class PastLayer<V> extends ReadonlyLayer<V> {
  /** @internal */
  override readonly [internals]: Internals<V> = {
    ...this[internals],
    get: (key, needs) => this.#read([[key, this.#versionOf(key)]], needs).get(key),
    // The given ETag may belong to another version.
    getIfChanged: (key, _etag, needs) => this.#read([[key, this.#versionOf(key)]], needs).get(key),
    getMany: (keys, needs) => {
      const all = new Set(iterable(keys, "getMany requires an iterable of keys"));
      return this.#read(
        Array.from(all, (key) => [key, this.#versionOf(key)] as const),
        needs,
      );
    },
    entries: (options, needs) => this.#entries(checkListOptions(options), needs),
    allKeys: () => [...this.keys()],
    hintReads: () => {},
    formats: undefined,
    read: (keys, failed) => this.#wholes(keys, failed),
    url: () => {
      throw argumentError(
        "at does not support url, because a link leads to the current value of the key, not to the past one.",
      );
    },
    versions: (key) => this.below.versions(key).filter((version) => this.#isPast(version)),
    allVersions: (options) => this.#allPast(options),
  };
  readonly #time: number;

  constructor(base: SyncMap<V>, time: number) {
    super(base, "at", { date: new Date(time).toISOString() });
    this.#time = time;
  }

  override has(key: string): boolean {
    return this.#versionOf(key) !== undefined;
  }

  override head(key: string): ObjectHead | undefined {
    const version = this.#versionOf(key);
    return version && this.below.headVersion(key, version.versionId);
  }

  override keys(options?: ListOptions): IterableIterator<string> {
    return keysOf(this.#existing(checkListOptions(options)));
  }

  override get size(): number {
    return [...this.#existing({})].length;
  }

  override list(options?: ListEntriesOptions): IterableIterator<ListedEntry> {
    const { delimiter, ...listed } = checkEntriesOptions(options);
    return delimiter === undefined ? objects(this.#existing(listed)) : this.#folders(delimiter, listed);
  }

  override getFile(): never {
    throw argumentError(
      "at does not support getFile, because the file would get the current value of the key, not the past one.",
    );
  }

  override subMap(prefix: string): PastLayer<V> {
    return new PastLayer(this.base.subMap(prefix), this.#time);
  }

  #isPast({ lastModified }: ObjectVersion): boolean {
    return lastModified.getTime() <= this.#time;
  }

  *#allPast(options: Pick<ListOptions, "prefix">): Generator<[string, ObjectVersion[]], void, undefined> {
    for (const [key, versions] of this.below.allVersions(options))
      yield [key, versions.filter((version) => this.#isPast(version))];
  }

  // The versions are in order, newest first.
  #existingOf(versions: readonly ObjectVersion[]): Existing | undefined {
    const newest = versions.find((version) => this.#isPast(version));
    return newest === undefined || newest.isDeleteMarker ? undefined : (newest as Existing);
  }

  #versionOf(key: string): Existing | undefined {
    return this.#existingOf(this.below.versions(key));
  }

  *#existing({
    prefix = "",
    startAfter,
    limit = Infinity,
  }: ListOptions): Generator<[string, Existing], void, undefined> {
    let left = limit;
    if (left <= 0) return;
    for (const [key, versions] of this.below.allVersions({ prefix })) {
      if (startAfter !== undefined && !comesBefore(startAfter, key)) continue;
      const version = this.#existingOf(versions);
      if (version === undefined) continue;
      yield [key, version];
      left -= 1;
      if (left === 0) return;
    }
  }

  #read(
    wanted: Iterable<readonly [string, Existing | undefined]>,
    needs: Needs,
    failed?: Map<string, S3BucketMapError>,
  ): Map<string, Stored<V>> {
    const versions = new Map<string, Existing>();
    for (const [key, version] of wanted) if (version !== undefined) versions.set(key, version);
    if (versions.size === 0) return new Map<string, Stored<V>>();
    const ids = new Map(mapped(versions, ([key, { versionId }]) => [key, versionId] as const));
    const found = this.below.getVersions(ids, needs, failed);
    for (const [key, stored] of found)
      found.set(key, { ...stored, lastModified: versions.get(key)!.lastModified.getTime() });
    return found;
  }

  #wholes(keys: Iterable<string>, failed: Map<string, S3BucketMapError>): Map<string, Stored<V>> {
    const wanted = Array.from(keys, (key) => [key, this.#versionOf(key)] as const);
    const read = this.#read(wanted, "encoding", failed);
    const wholes = new Map<string, Stored<V>>();
    for (const [key, version] of wanted) {
      const stored = read.get(key);
      if (stored === undefined || version === undefined) continue;
      wholes.set(key, { ...stored, state: stateOf(this.below.headVersion(key, version.versionId)) });
    }
    return wholes;
  }

  *#entries(options: ListOptions, needs: Needs): IterableIterator<[string, Stored<V>]> {
    let window: [string, Existing][] = [];
    let most = 1;
    for (const existing of this.#existing(options)) {
      if (window.push(existing) < most) continue;
      yield* this.#several(window, needs);
      window = [];
      most = Math.min(2 * most, WINDOW);
    }
    yield* this.#several(window, needs);
  }

  *#several(window: [string, Existing][], needs: Needs): IterableIterator<[string, Stored<V>]> {
    let read: Map<string, Stored<V>> | undefined;
    try {
      read = this.#read(window, needs);
    } catch (error) {
      // Some values cannot be read. They are read one by one below, so that those before the first failure are yielded.
      if (!(error instanceof PartialFailureError)) throw error;
    }
    for (const entry of window) {
      const stored = (read ?? this.#read([entry], needs)).get(entry[0]);
      if (stored !== undefined) yield [entry[0], stored];
    }
  }

  *#folders(
    delimiter: string,
    { prefix = "", startAfter, limit = Infinity }: ListOptions,
  ): IterableIterator<ListedEntry> {
    let left = limit;
    let folder: string | undefined;
    if (left <= 0) return;
    for (const entry of this.#existing({ prefix })) {
      const [key] = entry;
      const end = key.indexOf(delimiter, prefix.length);
      const name = end === -1 ? key : key.slice(0, end + delimiter.length);
      if ((end !== -1 && name === folder) || (startAfter !== undefined && !comesBefore(startAfter, name)))
        continue;
      if (end === -1) yield toListed(entry);
      else yield { prefix: (folder = name) };
      left -= 1;
      if (left === 0) return;
    }
  }
}

function* keysOf(existing: Iterable<[string, Existing]>): IterableIterator<string> {
  for (const [key] of existing) yield key;
}

function* objects(existing: Iterable<[string, Existing]>): IterableIterator<ListedEntry> {
  for (const entry of existing) yield toListed(entry);
}

function toListed([key, { size, etag, lastModified }]: [string, Existing]): ListedObject {
  return { key, size, etag, lastModified };
}
