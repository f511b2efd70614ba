import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { S3Error } from "../s3-error.js";
import type { Plan } from "../store/plan.js";
import { CHUNK_SIZE, chunkKey, type PendingRecord } from "../store/records.js";
import type { Store } from "../store/store.js";

// A body of up to this size is kept in memory, and written in one transaction with its record.
const MAX_BUFFERED_BYTES = 8 * CHUNK_SIZE;
// A writer that stores nothing for this long is considered dead, even if its process cannot be checked.
const MAX_IDLE_MS = 60 * 60 * 1000;

/** 16 bytes in hex: a timestamp, then random bytes. So bodies written at about the same time are stored together. */
export function newBodyId(): string {
  const id = randomBytes(16);
  id.writeUIntBE(Date.now(), 0, 6);
  return id.toString("hex");
}

/**
 * Stores one body of any size in bounded memory. The body stays invisible until a record refers to its id: call
 * `commit` in the transaction that writes this record, or `discard` if there will be none.
 */
export class BodyWriter {
  readonly id: string = newBodyId();
  /** The size of what `commit` will write. */
  bufferedBytes = 0;
  readonly #store: Store;
  readonly #pendingKey = Buffer.from(this.id, "hex");
  #buffered: Uint8Array[] = [];
  #storedChunks = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Keeps a reference to `bytes`, which must not change afterwards. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length;) {
      const piece = bytes.subarray(start, start + MAX_BUFFERED_BYTES - this.bufferedBytes);
      this.#buffered.push(piece);
      this.bufferedBytes += piece.length;
      start += piece.length;
      if (this.bufferedBytes === MAX_BUFFERED_BYTES) await this.#storeChunks();
    }
  }

  /** Plans the rest of the body. No `write` may follow. */
  commit(plan: Plan): void {
    this.#needPending(plan);
    this.#planChunks(plan);
    if (this.#storedChunks > 0) plan.remove(this.#store.pending, this.#pendingKey);
  }

  async discard(): Promise<void> {
    this.#buffered = [];
    if (this.#storedChunks > 0)
      await this.#store.write(0, (plan) => removePending(this.#store, this.#pendingKey, plan));
  }

  async #storeChunks(): Promise<void> {
    if (this.#storedChunks === 0) await sweepPending(this.#store);
    await this.#store.write(this.bufferedBytes, (plan) => {
      this.#needPending(plan);
      plan.put(this.#store.pending, this.#pendingKey, {
        host: hostname(),
        pid: process.pid,
        active: Date.now(),
      });
      this.#planChunks(plan);
    });
    this.#storedChunks += MAX_BUFFERED_BYTES / CHUNK_SIZE;
    this.#buffered = [];
    this.bufferedBytes = 0;
  }

  // If this thread was suspended for an hour, the stored chunks may have been swept.
  #needPending(plan: Plan): void {
    if (this.#storedChunks === 0) return;
    if (!this.#store.pending.doesExist(this.#pendingKey)) throw new S3Error("RequestTimeout");
    plan.needs(this.#store.pending, this.#pendingKey);
  }

  #planChunks(plan: Plan): void {
    const bytes = Buffer.concat(this.#buffered);
    let index = this.#storedChunks;
    for (let start = 0; start < bytes.length; start += CHUNK_SIZE)
      plan.putBytes(
        this.#store.bodies,
        chunkKey(this.id, index++),
        bytes.subarray(start, start + CHUNK_SIZE),
      );
  }
}

/** Removes the chunks of writers that seem to be dead. A writer that is alive after all fails with an S3Error. */
export async function sweepPending(store: Store): Promise<void> {
  const dead = store.read(() =>
    [...store.pending.getRange({})].filter(({ value }) => isDead(value)).map(({ key }) => Buffer.from(key)),
  );
  for (const key of dead)
    await store.write(0, (plan) => {
      const record = store.pending.get(key);
      if (record && isDead(record)) removePending(store, key, plan);
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

function removePending(store: Store, key: Buffer, plan: Plan): void {
  if (!plan.read(store.pending, key)) return;
  removeChunks(store, key.toString("hex"), plan);
  plan.remove(store.pending, key);
}

/** Plans the removal of a body's chunks. */
export function removeChunks(store: Store, id: string, plan: Plan): void {
  const range = { start: chunkKey(id, 0), end: chunkKey(id, 0xffffffff) };
  for (const key of store.bodies.getKeys(range)) plan.remove(store.bodies, Buffer.from(key));
}
