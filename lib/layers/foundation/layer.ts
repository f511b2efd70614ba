import { inspect } from "node:util";
import type { InspectOptions } from "node:util";
import { checkNoOptions } from "../../arguments/method-options.js";
import { argumentError } from "../../errors/errors.js";
import { refuseFiles } from "../../map/file-map.js";
import { CommonMap } from "../../map/common-map.js";
import { internalsOf } from "../../map/internals.js";
import type { Internals } from "../../map/internals.js";
import type { ListOptions, ObjectHead, SetOptions, SyncMap } from "../../map/sync-map.js";

/**
 * What all layers have in common. Calls that do not concern values are passed to the base. A layer adds its internals
 * (those of its base, with some replaced) and the methods that store values.
 */
export abstract class Layer<V, Raw = V> extends CommonMap<V> {
  protected readonly base: SyncMap<Raw>;
  /** The base's internals. */
  protected readonly below: Internals<Raw>;
  readonly #name: string;
  readonly #options: object | undefined;

  /** @param options - what `console.log` shows beside the name */
  constructor(base: SyncMap<Raw>, name: string, options?: object) {
    super();
    this.base = base;
    this.below = internalsOf(base);
    this.#name = name;
    this.#options = options;
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
