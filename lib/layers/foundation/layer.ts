import { checkNoOptions } from "../../arguments/method-options.js";
import { inspect } from "node:util";
import type { InspectOptions } from "node:util";
import { changing, keeping } from "../../map/update-function.js";
import { forEachOf } from "../../map/for-each.js";
import {
  allKeys,
  placeOf,
  hintReads,
  valueKind,
  storedReads,
  runBatch,
  writesAreDurable,
} from "../../map/internals.js";
import { mapped } from "../../map/mapped.js";
import type {
  HasAllKeys,
  HasPlace,
  HasHintReads,
  Place,
  ValueKind,
  HasStoredReads,
  StoredReads,
  HasBatch,
  SaysWhetherDurable,
} from "../../map/internals.js";
import { argumentError } from "../../errors/argument-error.js";
import type { ListOptions, ObjectHead, ObjectOptions, SetOptions, SyncMap } from "../../map/sync-map.js";

/** The property by which a layer says what it stands on, also to another copy of the library. */
const under: unique symbol = Symbol.for("s3bucketmap.under/1");

function baseOf(map: object): object | undefined {
  return (map as { [under]?: object })[under];
}

/**
 * What all layers have in common: what does not concern values is their base's affair, and reading is said
 * once, by {@link StoredReads}.
 */
export abstract class Layer<V, Raw = V> implements SyncMap<V>, HasBatch, HasPlace, HasStoredReads<V> {
  protected readonly base: SyncMap<Raw>;

  constructor(base: SyncMap<Raw>) {
    this.base = base;
  }

  /** A map and all that it stands on, the bottom last. */
  static *stackOf(map: object): Generator<object, void, undefined> {
    let next = map;
    for (let base = baseOf(next); base !== undefined; base = baseOf(next)) {
      yield next;
      next = base;
    }
    yield next;
  }

  /** The map under all layers. */
  static bottomOf(map: object): object {
    return [...Layer.stackOf(map)].at(-1)!;
  }

  /** @internal */
  get [under](): object {
    return this.base;
  }

  /** The layer's name and options, for `console.log`. */
  protected abstract readonly shown: readonly [name: string, options?: object];
  abstract get [valueKind](): ValueKind;
  abstract get [storedReads](): StoredReads<V>;
  abstract set(key: string, value: V, options?: SetOptions): this;
  abstract setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this;
  abstract create(key: string, value: V, options?: ObjectOptions): boolean;
  abstract subMap(prefix: string): SyncMap<V>;

  get(key: string): V | undefined {
    return this[storedReads].get(key, "value")?.value;
  }

  getMany(keys: Iterable<string>): Map<string, V> {
    const values = new Map<string, V>();
    for (const [key, { value }] of this[storedReads].getMany(keys, "value")) values.set(key, value);
    return values;
  }

  entries(options?: ListOptions): IterableIterator<[string, V]> {
    return mapped(this[storedReads].entries(options, "value"), ([key, { value }]) => [key, value]);
  }

  update(
    key: string,
    change: (value: V | undefined) => V | undefined,
    options?: ObjectOptions,
  ): V | undefined {
    return this[storedReads].update(key, changing(change), keeping(options));
  }

  values(options?: ListOptions): IterableIterator<V> {
    return mapped(this.entries(options), ([, value]) => value);
  }

  [Symbol.iterator](): IterableIterator<[string, V]> {
    return this.entries();
  }

  forEach(callback: (value: V, key: string, map: this) => void, thisArg?: unknown): void {
    forEachOf<V, this>(this, callback, thisArg);
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

  close(): void {
    this.base.close();
  }

  /** @internal */
  [runBatch]<T>(fn: () => T): T {
    const run = (this.base as Partial<HasBatch>)[runBatch];
    if (run === undefined) throw argumentError("batch needs an S3BucketMap under the layers.");
    return run.call(this.base, fn) as T;
  }

  /** @internal */
  [writesAreDurable](): boolean {
    return (this.base as Partial<SaysWhetherDurable>)[writesAreDurable]?.() ?? false;
  }

  /** @internal */
  [allKeys](): string[] {
    // A layer whose keys are not its base's, as where writes wait, says itself what they are.
    if (this.keys !== Layer.prototype.keys) return [...this.keys()];
    return (this.base as Partial<HasAllKeys>)[allKeys]?.() ?? [...this.base.keys()];
  }

  /** @internal */
  [hintReads](keys: readonly string[], isKnown?: (key: string) => boolean): void {
    (this.base as Partial<HasHintReads>)[hintReads]?.(keys, isKnown);
  }

  /** @internal */
  [placeOf](): Place | undefined {
    return (this.base as Partial<HasPlace>)[placeOf]?.();
  }

  get [Symbol.toStringTag](): string {
    return this.shown[0];
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    const [name, settings] = this.shown;
    const more =
      settings === undefined
        ? ""
        : `, ${inspect(settings, { ...options, depth: 0, compact: true, breakLength: Infinity })}`;
    return `${name}(${inspect(this.base, options)}${more})`;
  }
}
