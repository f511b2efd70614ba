import { Readable } from "node:stream";
import type { Transaction } from "lmdb";
import { chunkKey, removeChunks } from "./body-writer.js";
import { LocalS3Error } from "../local-error.js";
import type { Plan } from "../store/plan.js";
import { CHUNK_SIZE, type ObjectRecord, type PartRecord } from "../store/records.js";
import type { Store } from "../store/store.js";

/** A run of bytes of one stored body. */
interface Segment {
  id: Buffer;
  size: number;
}

export function partKey(uploadId: Buffer, partNumber: number): Buffer {
  const key = Buffer.allocUnsafe(18);
  uploadId.copy(key);
  key.writeUInt16BE(partNumber, 16);
  return key;
}

/** The parts of an upload, or of an object that was uploaded in parts, in order. */
export function partsOf(
  store: Store,
  id: string,
  options: { transaction?: Transaction } = {},
): { partNumber: number; part: PartRecord }[] {
  const uploadId = Buffer.from(id, "hex");
  const range = { start: partKey(uploadId, 1), end: partKey(uploadId, 0xffff) };
  return [...store.parts.getRange({ ...range, ...options })].map(({ key, value }) => ({
    partNumber: key.readUInt16BE(16),
    part: value,
  }));
}

/** The numbers of the chunks that hold `length` bytes from `start`, and where in each of them. */
function* slices(
  segments: Iterable<Segment>,
  start: number,
  length: number,
): Generator<[Buffer, number, number]> {
  let skip = start;
  let left = length;
  for (const { id, size } of segments) {
    if (left === 0) return;
    if (skip >= size) {
      skip -= size;
      continue;
    }
    const end = Math.min(size, skip + left);
    left -= end - skip;
    while (skip < end) {
      const index = Math.floor(skip / CHUNK_SIZE);
      const from = skip - index * CHUNK_SIZE;
      const to = Math.min(CHUNK_SIZE, end - index * CHUNK_SIZE);
      yield [chunkKey(id, index), from, to];
      skip += to - from;
    }
    skip = 0;
  }
}

function segmentsOf(store: Store, record: ObjectRecord, transaction?: Transaction): Segment[] {
  if (record.parts === undefined) return [{ id: Buffer.from(record.id, "hex"), size: record.size }];
  return partsOf(store, record.id, transaction && { transaction }).map(({ part }) => ({
    id: Buffer.from(part.id, "hex"),
    size: part.size,
  }));
}

// A stream that its consumer dropped without reading it to the end: its snapshot would grow the file for ever.
const dropped = new FinalizationRegistry<() => void>((release) => release());

/**
 * The bytes of an object as they are in `snapshot`, one chunk in memory at a time; `release` is called once, when
 * the stream ends or is destroyed.
 */
export function readBody(
  store: Store,
  record: ObjectRecord,
  range: { start: number; length: number },
  snapshot: Transaction,
  release: () => void,
): Readable {
  const chunks = slices(segmentsOf(store, record, snapshot), range.start, range.length);
  let released = false;
  const releaseOnce = (): void => {
    if (!released) release();
    released = true;
  };
  const stream = new Readable({
    highWaterMark: CHUNK_SIZE,
    read() {
      try {
        const next = chunks.next();
        if (next.done) {
          releaseOnce();
          this.push(null);
        } else this.push(readSlice(store, next.value, snapshot));
      } catch (error) {
        this.destroy(error as Error);
      }
    },
    destroy(error, callback) {
      releaseOnce();
      callback(error);
    },
  });
  dropped.register(stream, releaseOnce);
  return stream;
}

/** The same at once, for a few bytes. To be called within `store.read`. */
export function readBodyNow(
  store: Store,
  record: ObjectRecord,
  range: { start: number; length: number },
): Buffer {
  const pieces = Array.from(slices(segmentsOf(store, record), range.start, range.length), (slice) =>
    readSlice(store, slice),
  );
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}

function readSlice(
  store: Store,
  [key, from, to]: [Buffer, number, number],
  transaction?: Transaction,
): Buffer {
  const chunk = store.bodies.get(key, transaction && { transaction });
  if (!chunk || chunk.length < to)
    throw new LocalS3Error("LocalS3Damaged", "a part of the object is missing");
  return chunk.length === to - from ? chunk : chunk.subarray(from, to);
}

/** Plans the removal of the body of an object that is overwritten or deleted. */
export function removeBody(store: Store, record: { id: string; parts?: number }, plan: Plan): void {
  const id = Buffer.from(record.id, "hex");
  if (record.parts === undefined) return removeChunks(store, id, plan);
  for (const { partNumber, part } of partsOf(store, record.id)) {
    removeChunks(store, Buffer.from(part.id, "hex"), plan);
    plan.remove(store.parts, partKey(id, partNumber));
  }
}
