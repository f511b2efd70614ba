import { clock } from "../global/clock.js";
import { mayBeSame, writesFrom } from "../global/history.js";
import type { Write } from "../global/history.js";
import type { Place } from "../map/internals.js";

/** How long a listing may be used after it was made, or was last used, in milliseconds. */
export const LIVES_MS = 1000;

/**
 * The result of `ownKeys`. `Object.keys`, spread and `for…in` list the keys, and then request the descriptor of each,
 * in order. A listing answers only for its next key, and only within a second of the previous answer. In all other
 * cases S3 is asked.
 *
 * Writes of this thread do not invalidate it, because it reads them from a log. Nor do microtasks. Otherwise a loop
 * whose body awaits or writes would cost a request for each key.
 */
export class OwnKeysListing {
  /** The facade whose keys were listed. */
  readonly owner: object;
  readonly #place: Place;
  readonly #keys: readonly string[];
  readonly #writes: Map<string, Write | "doubtful"> = new Map();
  #next = 0;
  #usedAt: number = clock().now();
  /** Where to continue reading the log of writes; undefined if the log has dropped entries. */
  #logPosition: number | undefined;
  /** A later listing of the same facade, whose keys are more recent. */
  #newer: OwnKeysListing | undefined;
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

  /** Whether the next key exists, or undefined if the listing cannot tell. Moves on to the key after it. */
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

  /** Takes note of a later listing: a key that it lacks no longer exists. */
  supersede(newer: OwnKeysListing): void {
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
      // Another map's bucket may have the same name at another service.
      this.#note(one.key, one.map === map ? one.write : "unsure");
    }
    // Limits memory.
    if (this.#writes.size > this.#keys.length + 1000) this.#logPosition = undefined;
  }

  // A write is logged as "unsure" before it is sent. If another "unsure" follows, the first write failed, or another map or a
  // callback during a deasync wait wrote the key, too. Then the listing cannot tell, even if one of them succeeds later.
  #note(wholeKey: string, write: Write): void {
    const before = this.#writes.get(wholeKey);
    if (write === "unsure") this.#writes.set(wholeKey, before === "unsure" ? "doubtful" : "unsure");
    else if (before !== "doubtful") this.#writes.set(wholeKey, write);
  }
}
