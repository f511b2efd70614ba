import { clock } from "../copies/clock.js";
import { mayBeSame, writesFrom } from "../copies/history.js";
import type { Write } from "../copies/history.js";
import type { Place } from "../map/internals.js";

/** How long after its last answer a listing still answers. */
export const LIVES_MS = 1000;

/**
 * What `ownKeys` found, for the questions that follow it: `Object.keys`, spread and `for…in` list the keys and then ask
 * for the descriptor of each, in order. Only the key that comes exactly next is answered from the listing, and only within
 * a second of the last answer; anything else must be asked of S3.
 *
 * Neither a microtask nor a write of this thread ends it, or a loop whose body awaits or writes would cost a request a key;
 * but it knows of those writes.
 */
export class Listing {
  /** Whose questions it answers. */
  readonly owner: object;
  readonly #place: Place;
  readonly #keys: readonly string[];
  readonly #writes: Map<string, Write | "doubtful"> = new Map();
  #next = 0;
  #usedAt: number = clock().now();
  /** Up to where the log of writes has been read; undefined where too much was written to know all of it. */
  #logPosition: number | undefined;
  /** A later listing of the same keys, and what it found. */
  #newer: Listing | undefined;
  #found: Set<string> | undefined;

  /** @param logPosition - the end of the log of writes when the listing began */
  constructor(owner: object, place: Place, keys: readonly string[], logPosition: number) {
    this.owner = owner;
    this.#place = place;
    this.#keys = keys;
    this.#logPosition = logPosition;
  }

  isOver(now: number): boolean {
    return (
      this.#next >= this.#keys.length || now - this.#usedAt > LIVES_MS || this.#logPosition === undefined
    );
  }

  isNext(key: string): boolean {
    return this.#keys[this.#next] === key;
  }

  /** Whether the key that comes next is there, or undefined where the listing cannot tell. It then moves on. */
  answer(): boolean | undefined {
    this.#usedAt = clock().now();
    this.#readLog();
    if (this.#logPosition === undefined) return undefined;
    const key = this.#keys[this.#next]!;
    this.#next += 1;
    const whole = this.#place.prefix + key;
    const write = this.#writes.get(whole);
    this.#writes.delete(whole);
    if (write !== undefined) return write === "set" ? true : write === "deleted" ? false : undefined;
    return this.#newer === undefined || this.#newer.#has(key) ? true : undefined;
  }

  /** The same keys have been listed again: one that was not found then is not there any more. */
  heed(newer: Listing): void {
    this.#newer = newer;
  }

  #has(key: string): boolean {
    this.#found ??= new Set(this.#keys);
    return this.#found.has(key);
  }

  #readLog(): void {
    const logged = this.#logPosition === undefined ? undefined : writesFrom(this.#logPosition);
    this.#logPosition = logged && this.#logPosition! + logged.length;
    const { map, bucket, prefix } = this.#place;
    for (const one of logged ?? []) {
      if (!mayBeSame(one.bucket, bucket) || !one.key.startsWith(prefix)) continue;
      // Another map may be of another bucket of the same name, at another service.
      this.#note(one.key, one.map === map ? one.write : "unsure");
    }
    // More than it could be asked of.
    if (this.#writes.size > this.#keys.length + 1000) this.#logPosition = undefined;
  }

  // Of writes to one key that were under way at the same time (of callbacks, during a `deasync` wait), the last one is not known.
  #note(wholeKey: string, write: Write): void {
    const before = this.#writes.get(wholeKey);
    if (write === "unsure") this.#writes.set(wholeKey, before === "unsure" ? "doubtful" : "unsure");
    else if (before !== "doubtful") this.#writes.set(wholeKey, write);
  }
}
