import { randomInt } from "node:crypto";
import type { Database, RootDatabase } from "lmdb";

type Key = Buffer;

// Random, so that no version is used twice. A record whose version is equal is therefore unchanged.
const newVersion = (): number => randomInt(1, 2 ** 48 - 1);
// The value of lmdb's IF_EXISTS. It is not imported, because that would load lmdb, which is optional.
const ANY_VERSION = 3.542694326329068e-103;

interface Guard {
  db: Database<unknown, Key>;
  key: Key;
  /** Undefined if the key must not exist. */
  version: number | undefined;
}

/**
 * The changes of one write, and the records on which they depend. LMDB applies the plan natively, in one transaction,
 * if those records are unchanged. Otherwise the write is planned again.
 *
 * Transactions with a callback would run JavaScript while they hold the lock of all writers. If a thread is
 * terminated in such a callback, all other writers wait forever.
 */
export class Plan {
  readonly #guards: Guard[] = [];
  readonly #changes: (() => void)[] = [];

  /** Reads a record that this write depends on. */
  read<V>(db: Database<V, Key>, key: Key): V | undefined {
    const entry = db.getEntry(key);
    this.#guards.push({ db, key, version: entry?.version });
    return entry?.value;
  }

  /** Makes this write depend on the existence of a record, but not on its value. */
  needs<V>(db: Database<V, Key>, key: Key): void {
    this.#guards.push({ db, key, version: ANY_VERSION });
  }

  put<V>(db: Database<V, Key>, key: Key, value: V): void {
    this.#changes.push(() => void db.put(key, value, newVersion()));
  }

  /** For bodies, which have no versions. */
  putBytes(db: Database<Buffer, Key>, key: Key, value: Buffer): void {
    this.#changes.push(() => void db.put(key, value));
  }

  remove<V>(db: Database<V, Key>, key: Key): void {
    this.#changes.push(() => void db.remove(key));
  }

  get isEmpty(): boolean {
    return this.#changes.length === 0;
  }

  /** @returns false if a record on which the plan depends has changed. Nothing was written then. */
  async apply(root: RootDatabase<Buffer, Key>): Promise<boolean> {
    const outcomes: PromiseLike<boolean>[] = [];
    // lmdb calls back at once. What a callback writes depends on the condition around it, and the native writer decides
    // about both in one transaction. So each guard encloses the next one, and the innermost one encloses the changes.
    const enter = (index: number): void => {
      const guard = this.#guards[index];
      if (!guard) for (const change of this.#changes) change();
      else {
        const { db, key, version } = guard;
        const inner = (): void => enter(index + 1);
        outcomes.push(version === undefined ? db.ifNoExists(key, inner) : db.ifVersion(key, version, inner));
      }
    };
    if (this.#guards.length === 0) outcomes.push(root.batch(() => enter(0)));
    else enter(0);
    return (await Promise.all(outcomes)).every(Boolean);
  }
}
