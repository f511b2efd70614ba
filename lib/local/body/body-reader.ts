import { Readable } from "node:stream";
import type { Transaction } from "lmdb";
import { LocalS3Error } from "../local-error.js";
import type { Plan } from "../store/plan.js";
import { CHUNK_SIZE, chunkKey, partKey, type BodyRecord, type ObjectRecord } from "../store/records.js";
import type { Store } from "../store/store.js";
import { removeChunks } from "./body-writer.js";

export interface Range {
  start: number;
  length: number;
}

/** The parts of an upload, or of an object that was uploaded in parts, in order. */
export function partsOf(
  store: Store,
  uploadId: string,
  options: { transaction?: Transaction } = {},
): { partNumber: number; part: BodyRecord }[] {
  const range = { start: partKey(uploadId, 1), end: partKey(uploadId, 0xffff) };
  return [...store.parts.getRange({ ...range, ...options })].map(({ key, value }) => ({
    partNumber: key.readUInt16BE(16),
    part: value,
  }));
}

/** Reads a range of an object chunk by chunk. Without a snapshot, must run within `store.read`. */
function* piecesOf(
  store: Store,
  record: ObjectRecord,
  { start, length }: Range,
  snapshot?: Transaction,
): Generator<Buffer> {
  const options = snapshot && { transaction: snapshot };
  const bodies =
    record.parts === undefined ? [record] : partsOf(store, record.id, options).map(({ part }) => part);
  let skip = start;
  let left = length;
  for (const { id, size } of bodies) {
    const end = Math.min(size, skip + left);
    left -= Math.max(0, end - skip);
    for (let at = skip; at < end;) {
      const index = Math.floor(at / CHUNK_SIZE);
      const chunkStart = index * CHUNK_SIZE;
      const to = Math.min(CHUNK_SIZE, end - chunkStart);
      const chunk = store.bodies.get(chunkKey(id, index), options);
      if (!chunk || chunk.length < to)
        throw new LocalS3Error("LocalS3Damaged", "a part of the object is missing");
      yield chunk.subarray(at - chunkStart, to);
      at = chunkStart + to;
    }
    skip = Math.max(0, skip - size);
  }
}

// While a snapshot is not released, the data file keeps growing. So those of abandoned streams are released, too.
const abandoned = new FinalizationRegistry<Transaction>((snapshot) => snapshot.done());

/** Streams a range of an object as it is now, one chunk in memory at a time. Must be called within `store.read`. */
export function readBody(store: Store, record: ObjectRecord, range: Range): Readable {
  const snapshot = store.snapshot();
  const pieces = piecesOf(store, record, range, snapshot);
  const stream = new Readable({
    highWaterMark: CHUNK_SIZE,
    read() {
      try {
        this.push(pieces.next().value ?? null);
      } catch (error) {
        this.destroy(error as Error);
      }
    },
    destroy(error, callback) {
      abandoned.unregister(snapshot);
      snapshot.done();
      callback(error);
    },
  });
  abandoned.register(stream, snapshot, snapshot);
  return stream;
}

/** Reads a small range at once. Must be called within `store.read`. */
export function readBodyNow(store: Store, record: ObjectRecord, range: Range): Buffer {
  const pieces = [...piecesOf(store, record, range)];
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}

/** Plans the removal of the body of an object that is overwritten or deleted. */
export function removeBody(store: Store, record: ObjectRecord, plan: Plan): void {
  if (record.parts === undefined) removeChunks(store, record.id, plan);
  else removeParts(store, record.id, plan);
}

/** Plans the removal of the parts of an upload or an object, except those in `kept`. */
export function removeParts(store: Store, uploadId: string, plan: Plan, kept = new Set<number>()): void {
  for (const { partNumber, part } of partsOf(store, uploadId)) {
    if (kept.has(partNumber)) continue;
    removeChunks(store, part.id, plan);
    plan.remove(store.parts, partKey(uploadId, partNumber));
  }
}
