import type { SyncMap } from "../../lib/index.js";

/** A map as a storage adapter of Keyv: what Keyv asks of a store otherwise than a `Map` is asked, said in its words. */
export class KeyvStore {
  /** Keyv, and its suite, keep their own things here. */
  readonly opts: Record<string, unknown> = {};
  namespace: string | undefined;
  readonly #map: SyncMap<string>;

  constructor(map: SyncMap<string>) {
    this.#map = map;
  }

  get(key: string): string | undefined {
    return this.#map.get(key);
  }

  getMany(keys: string[]): (string | undefined)[] {
    const values = this.#map.getMany(keys);
    return keys.map((key) => values.get(key));
  }

  // The third argument is the time to live, which Keyv also keeps in the value.
  set(key: string, value: string): void {
    this.#map.set(key, value);
  }

  setMany(entries: { key: string; value: string }[]): void {
    this.#map.setMany(entries.map(({ key, value }) => [key, value] as const));
  }

  has(key: string): boolean {
    return this.#map.has(key);
  }

  delete(key: string): boolean {
    return this.deleteMany([key]);
  }

  deleteMany(keys: string[]): boolean {
    // Keyv wants to know whether any was there, which S3 does not say of a delete.
    const some = keys.some((key) => this.#map.has(key));
    this.#map.deleteMany(keys);
    return some;
  }

  clear(): void {
    if (this.namespace === undefined) this.#map.clear();
    else this.#map.subMap(`${this.namespace}:`).clear();
  }
}
