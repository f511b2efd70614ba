import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { S3Error } from "../s3-error.js";
import type { Plan } from "../store/plan.js";
import { CHUNK_SIZE, type PendingRecord } from "../store/records.js";
import type { Store } from "../store/store.js";

// A body of up to this size is kept in memory, and written in one transaction with its record.
const MAX_BUFFERED_CHUNKS = 8;
// A writer that stores nothing for this long is considered dead, even if its process cannot be checked.
const MAX_IDLE_MS = 60 * 60 * 1000;

/** 16 bytes: a timestamp, then random. Bodies written at about the same time are neighbours in the tree. */
export function newBodyId(): Buffer {
  const id = randomBytes(16);
  id.writeUIntBE(Date.now(), 0, 6);
  return id;
}

export function chunkKey(id: Buffer, index: number): Buffer {
  const key = Buffer.allocUnsafe(20);
  id.copy(key);
  key.writeUInt32BE(index, 16);
  return key;
}

/**
 * Stores one body of any size in bounded memory. The body stays invisible until a record refers to its id: call `commit` in
 * the transaction that writes this record, or `discard` if there will be none.
 */
export class BodyWriter {
  readonly id: Buffer = newBodyId();
  size = 0;
  private readonly store: Store;
  private chunks: Buffer[] = [];
  private partial: Uint8Array[] = [];
  private partialSize = 0;
  private storedChunks = 0;

  constructor(store: Store) {
    this.store = store;
  }

  /** Keeps a reference to `bytes`, which must not change afterwards. */
  async write(bytes: Uint8Array): Promise<void> {
    this.size += bytes.length;
    for (let start = 0; start < bytes.length;) {
      const piece = bytes.subarray(start, start + CHUNK_SIZE - this.partialSize);
      this.partial.push(piece);
      this.partialSize += piece.length;
      start += piece.length;
      if (this.partialSize < CHUNK_SIZE) break;
      this.completeChunk();
      if (this.chunks.length >= MAX_BUFFERED_CHUNKS) await this.storeChunks();
    }
  }

  /** What `commit` will write. */
  get bufferedBytes(): number {
    return this.chunks.length * CHUNK_SIZE + this.partialSize;
  }

  /** Plans the rest of the body. No `write` may follow. */
  commit(plan: Plan): void {
    this.needPending(plan);
    if (this.partialSize > 0) this.completeChunk();
    this.planChunks(plan);
    if (this.storedChunks > 0) plan.remove(this.store.pending, this.id);
  }

  async discard(): Promise<void> {
    this.chunks = [];
    this.partial = [];
    if (this.storedChunks > 0) await this.store.write(0, (plan) => removePending(this.store, this.id, plan));
  }

  private completeChunk(): void {
    const [only, ...more] = this.partial;
    this.chunks.push(
      only && more.length === 0
        ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
        : Buffer.concat(this.partial, this.partialSize),
    );
    this.partial = [];
    this.partialSize = 0;
  }

  private async storeChunks(): Promise<void> {
    if (this.storedChunks === 0) await sweepPending(this.store);
    const bytes = this.chunks.length * CHUNK_SIZE;
    await this.store.write(bytes, (plan) => {
      this.needPending(plan);
      plan.put(this.store.pending, this.id, { host: hostname(), pid: process.pid, active: Date.now() });
      this.planChunks(plan);
    });
    this.storedChunks += this.chunks.length;
    this.chunks = [];
  }

  // If this thread was suspended for an hour, the stored chunks may have been swept.
  private needPending(plan: Plan): void {
    if (this.storedChunks === 0) return;
    if (!this.store.pending.doesExist(this.id)) throw new S3Error("RequestTimeout");
    plan.needs(this.store.pending, this.id);
  }

  private planChunks(plan: Plan): void {
    this.chunks.forEach((chunk, index) => {
      plan.putBytes(this.store.bodies, chunkKey(this.id, this.storedChunks + index), chunk);
    });
  }
}

/** Removes the chunks of writers that were killed midway. A writer that is in fact alive then fails with an S3Error. */
export async function sweepPending(store: Store): Promise<void> {
  const dead = store.read(() =>
    [...store.pending.getRange({})].filter(({ value }) => isDead(value)).map(({ key }) => Buffer.from(key)),
  );
  for (const id of dead)
    await store.write(0, (plan) => {
      const record = store.pending.get(id);
      if (record && isDead(record)) removePending(store, id, plan);
    });
}

function isDead({ host, pid, active }: PendingRecord): boolean {
  if (Date.now() - active > MAX_IDLE_MS) return true;
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

function removePending(store: Store, id: Buffer, plan: Plan): void {
  if (!plan.read(store.pending, id)) return;
  removeChunks(store, id, plan);
  plan.remove(store.pending, id);
}

export function removeChunks(store: Store, id: Buffer, plan: Plan): void {
  const range = { start: chunkKey(id, 0), end: chunkKey(id, 0xffffffff) };
  for (const key of store.bodies.getKeys(range)) plan.remove(store.bodies, Buffer.from(key));
}
