import { inspect } from "node:util";
import type { InspectOptions } from "node:util";
import { checkNoOptions, checkVersionId } from "../../arguments/method-options.js";
import { argumentError } from "../../errors/errors.js";
import { refuseFiles } from "../../map/file-map.js";
import { copy, rename } from "../../map/copies.js";
import type { CopyOptions } from "../../map/copying.js";
import { internals, internalsOf } from "../../map/internals.js";
import type { HasInternals, Internals } from "../../map/internals.js";
import { mapped } from "../../map/iterables.js";
import { forEach, update } from "../../map/methods.js";
import type {
  GetOptions,
  LinkOptions,
  ListOptions,
  ObjectHead,
  ObjectOptions,
  ObjectVersion,
  SetOptions,
  SyncMap,
} from "../../map/sync-map.js";

/**
 * What all layers have in common. Reads go through a layer's {@link internals}. Calls that do not concern values are
 * passed to the base. A layer adds its internals (those of its base, with some replaced) and the methods that store
 * values.
 */
export abstract class Layer<V, Raw = V> implements SyncMap<V>, HasInternals<V> {
  protected readonly base: SyncMap<Raw>;
  /** The base's internals. */
  protected readonly below: Internals<Raw>;
  readonly #name: string;
  readonly #options: object | undefined;

  /** @param options - what `console.log` shows beside the name */
  constructor(base: SyncMap<Raw>, name: string, options?: object) {
    this.base = base;
    this.below = internalsOf(base);
    this.#name = name;
    this.#options = options;
  }

  /** @internal */
  abstract readonly [internals]: Internals<V>;
  abstract set(key: string, value: V, options?: SetOptions): this;
  abstract setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this;
  abstract create(key: string, value: V, options?: ObjectOptions): boolean;
  abstract subMap(prefix: string): SyncMap<V>;

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
    forEach<V, this>(this, callback, thisArg);
  }

  update(key: string, fn: (value: V | undefined) => V | undefined, options?: ObjectOptions): V | undefined {
    return update(this, key, fn, options);
  }

  has(key: string): boolean {
    return this.base.has(key);
  }

  delete(key: string): boolean;
  delete(key: string, none?: unknown): boolean {
    checkNoOptions(none, "delete");
    return this.base.delete(key);
  }

  clear(none?: undefined): void {
    checkNoOptions(none, "clear");
    this.base.clear();
  }

  deleteMany(keys: Iterable<string>, none?: undefined): void {
    checkNoOptions(none, "deleteMany");
    this.base.deleteMany(keys);
  }

  keys(options?: ListOptions): IterableIterator<string> {
    return this.base.keys(options);
  }

  get size(): number {
    return this.base.size;
  }

  head(key: string): ObjectHead | undefined {
    return this.base.head(key);
  }

  list(...args: Parameters<SyncMap<V>["list"]>): ReturnType<SyncMap<V>["list"]> {
    return this.base.list(...args);
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

  // Files bypass what a layer does with values, so only a layer that overrides these methods passes files on.
  putFile(_key: string, _path: string | URL, _options?: SetOptions): this {
    return refuseFiles("putFile", this.#name);
  }

  getFile(_key: string, _path: string | URL, _options?: Record<string, never>): boolean {
    return refuseFiles("getFile", this.#name);
  }

  /** Only S3BucketMap has this method. It cannot convert the values of a layer. */
  as(): SyncMap<unknown> {
    throw argumentError(
      `${this.#name} does not support as, which is a method of S3BucketMap. Put ${this.#name} over map.as(…).`,
    );
  }

  close(): void {
    this.base.close();
  }

  get [Symbol.toStringTag](): string {
    return this.#name;
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    const shown = { ...options, depth: 0, compact: true, breakLength: Infinity };
    const more = this.#options === undefined ? "" : `, ${inspect(this.#options, shown)}`;
    return `${this.#name}(${inspect(this.base, options)}${more})`;
  }
}
