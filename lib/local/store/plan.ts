import { randomInt } from "node:crypto";
import type { Database, RootDatabase } from "lmdb";

type Key = Buffer;
// Versions are random: one that was seen never comes again, so that equality means "unchanged".
const newVersion = (): number => randomInt(1, 2 ** 48 - 1);
// lmdb's IF_EXISTS, by value: lmdb is loaded lazily, and may be absent.
const ANY_VERSION = 3.542694326329068e-103;

interface Guard {
  db: Database<unknown, Key>;
  key: Key;
  /** undefined: there is no such key. */
  version: number | undefined;
}

/**
 * What one write is to do, and what it has read to decide so. LMDB applies it natively, in one transaction, if all that
 * still holds; else it is planned anew. (A transaction with a callback would hold the lock of all writers while
 * JavaScript runs: tried, a thread that was terminated there left every other writer waiting for ever.)
 */
export class Plan {
  private readonly guards: Guard[] = [];
  private readonly changes: (() => void)[] = [];

  /** Reads a record that this write depends on. */
  read<V>(db: Database<V, Key>, key: Key): V | undefined {
    const entry = db.getEntry(key);
    this.guards.push({ db: db, key, version: entry?.version });
    return entry?.value;
  }

  /** Depends on there being a record, whatever it says by then. */
  needs<V>(db: Database<V, Key>, key: Key): void {
    this.guards.push({ db: db, key, version: ANY_VERSION });
  }

  put<V>(db: Database<V, Key>, key: Key, value: V): void {
    this.changes.push(() => void db.put(key, value, newVersion()));
  }

  /** For the bodies, which have no versions. */
  putBytes(db: Database<Buffer, Key>, key: Key, value: Buffer): void {
    this.changes.push(() => void db.put(key, value));
  }

  remove<V>(db: Database<V, Key>, key: Key): void {
    this.changes.push(() => void db.remove(key));
  }

  get isEmpty(): boolean {
    return this.changes.length === 0;
  }

  /** Resolves with false when something that it depends on has changed, and so nothing was done. */
  async apply(root: RootDatabase<Buffer, Key>): Promise<boolean> {
    const outcomes: PromiseLike<boolean>[] = [];
    const enter = (index: number): void => {
      const guard = this.guards[index];
      if (!guard) for (const change of this.changes) change();
      else {
        const { db, key, version } = guard;
        const inner = (): void => enter(index + 1);
        outcomes.push(version === undefined ? db.ifNoExists(key, inner) : db.ifVersion(key, version, inner));
      }
    };
    if (this.guards.length === 0) outcomes.push(root.batch(() => enter(0)));
    else enter(0);
    return (await Promise.all(outcomes)).every(Boolean);
  }
}
