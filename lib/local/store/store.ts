import { createRequire } from "node:module";
import { resolve } from "node:path";
import type * as Lmdb from "lmdb";
import type { Database, RootDatabase, Transaction } from "lmdb";
import { LocalS3Error, toCommitError, toLocalError } from "../local-error.js";
import { HeldDirectory } from "./held-directory.js";
import { Plan } from "./plan.js";
import { checkRoom, makeDirectory, MAX_READERS, prepareFiles } from "./prepare-files.js";
import { FORMAT, type BodyRecord, type BucketRecord, type ObjectRecord } from "./records.js";
import type { PendingRecord, UploadRecord } from "./records.js";
import { StoreFiles } from "./store-files.js";

// Bounds the memory of one transaction: LMDB keeps its dirty pages until the commit.
const MAX_GROUP_BYTES = 16 * 1024 * 1024;

const FORMAT_KEY = "s3bucketmap format";
const names = new Set([FORMAT_KEY, "objects", "bodies", "parts", "uploads", "buckets", "pending"]);

interface QueuedWrite {
  bytes: number;
  /** Reads the current records. May throw. */
  prepare: () => Plan;
  succeed: () => void;
  fail: (error: unknown) => void;
}

/**
 * The embedded store: LMDB, which lets any number of threads and processes share a directory.
 * https://github.com/kriszyp/lmdb-js
 */
export class Store {
  readonly objects: Database<ObjectRecord, Buffer>;
  readonly bodies: Database<Buffer, Buffer>;
  readonly parts: Database<BodyRecord, Buffer>;
  readonly uploads: Database<UploadRecord, Buffer>;
  readonly buckets: Database<BucketRecord, Buffer>;
  readonly pending: Database<PendingRecord, Buffer>;
  readonly #path: string;
  readonly #files: StoreFiles;
  readonly #root: RootDatabase<Buffer, Buffer>;
  #queue: QueuedWrite[] = [];
  #writing = false;
  #holders = 0;
  #retired = false;

  constructor(directory: string) {
    this.#path = resolve(directory);
    ({ root: this.#root, files: this.#files } = openFiles(this.#path));
    try {
      // The path may have been replaced while the files were opened.
      this.#files.check();
      this.#checkFormat();
      // Keys are Buffers, and sorted by their bytes, as S3 sorts names.
      const json = { keyEncoding: "binary", encoding: "json", useVersions: true } as const;
      this.objects = this.#root.openDB({ name: "objects", ...json });
      this.bodies = this.#root.openDB({ name: "bodies", keyEncoding: "binary", encoding: "binary" });
      this.parts = this.#root.openDB({ name: "parts", ...json });
      this.uploads = this.#root.openDB({ name: "uploads", ...json });
      this.buckets = this.#root.openDB({ name: "buckets", ...json });
      this.pending = this.#root.openDB({ name: "pending", ...json });
    } catch (error) {
      this.retire();
      throw toLocalError(error, this.#path);
    }
  }

  /**
   * Runs `reads`, which must be synchronous, on a snapshot that includes every commit before this call. Without the
   * reset, LMDB may reuse an older snapshot. A third of the reads then missed what another process had just written.
   */
  read<T>(reads: () => T): T {
    this.#files.check();
    try {
      this.#root.resetReadTxn();
      return reads();
    } catch (error) {
      throw toLocalError(error, this.#path);
    }
  }

  /**
   * Returns the snapshot of the `read` that calls this. It stays readable until its `done()`. Until then, the file
   * keeps the space of everything that is overwritten.
   */
  snapshot(): Transaction {
    return this.#root.useReadTransaction();
  }

  /**
   * Makes a plan from the current records and applies it. Resolves with the planner's result once the changes are on
   * the disk. The planner must be synchronous, and is called again if a record that it read has changed. Queued plans
   * share a transaction and its flush.
   */
  write<T>(bytes: number, planner: (plan: Plan) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: T;
      const prepare = (): Plan => {
        const plan = new Plan();
        result = planner(plan);
        return plan;
      };
      this.#queue.push({ bytes, prepare, succeed: () => resolve(result), fail: reject });
      this.#commitNext();
    });
  }

  async close(): Promise<void> {
    await this.#root.close();
    this.#files.forget();
  }

  /** Keeps the store open until `release()`. */
  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
    this.#closeWhenIdle();
  }

  /** Closes the store as soon as nothing holds it. */
  retire(): void {
    this.#retired = true;
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (this.#retired && this.#holders === 0) this.close().catch(() => undefined);
  }

  #commitNext(): void {
    if (this.#writing || this.#queue.length === 0) return;
    this.#writing = true;
    setImmediate(() => {
      void this.#commit(this.#nextGroup()).finally(() => {
        this.#writing = false;
        this.#commitNext();
      });
    });
  }

  #nextGroup(): QueuedWrite[] {
    let bytes = 0;
    let count = 0;
    for (const write of this.#queue) {
      if (count > 0 && bytes + write.bytes > MAX_GROUP_BYTES) break;
      bytes += write.bytes;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #commit(group: QueuedWrite[]): Promise<void> {
    try {
      this.#files.check();
      const bytes = group.reduce((sum, write) => sum + write.bytes, 0);
      checkRoom(this.#path, bytes);
      this.#root.resetReadTxn();
    } catch (error) {
      for (const write of group) write.fail(toLocalError(error, this.#path));
      return;
    }
    const applied: Promise<void>[] = [];
    const done: QueuedWrite[] = [];
    for (const write of group) {
      try {
        const plan = write.prepare();
        if (plan.isEmpty) write.succeed();
        else
          applied.push(
            plan.apply(this.#root).then(
              (isDone) => void (isDone ? done : this.#queue).push(write),
              async (error: unknown) => write.fail(await toCommitError(error, this.#path)),
            ),
          );
      } catch (error) {
        write.fail(toLocalError(error, this.#path));
      }
    }
    await Promise.all(applied);
    if (done.length === 0) return;
    try {
      // The writes are lost if the path no longer leads to the files that were written.
      this.#files.check(true);
      for (const write of done) write.succeed();
    } catch (error) {
      for (const write of done) write.fail(error);
    }
  }

  #checkFormat(): void {
    const key = Buffer.from(FORMAT_KEY);
    const found = this.#root.get(key)?.toString();
    if (found === String(FORMAT)) return;
    const reject = (what: string): never => {
      throw new LocalS3Error("LocalS3OtherFormat", `"${this.#path}" ${what}`);
    };
    if (found !== undefined)
      reject(`was written in format ${found} of the local S3; this version reads format ${FORMAT}`);
    for (const stored of this.#root.getKeys({})) {
      // In LMDB, the names of databases end with a NUL.
      const name = stored.toString().replace(/\0$/, "");
      if (!names.has(name)) reject(`has an LMDB store of another program: ${JSON.stringify(name)} is in it`);
    }
    // Committed with the first write, which reports if it fails.
    this.#root.put(key, Buffer.from(String(FORMAT))).catch(() => undefined);
  }
}

/** Opens the files that were checked, even if the path leads to others by then. */
function openFiles(directory: string): { root: RootDatabase<Buffer, Buffer>; files: StoreFiles } {
  const { open } = loadLmdb();
  let held: HeldDirectory | undefined;
  let files: StoreFiles | undefined;
  try {
    makeDirectory(directory);
    held = new HeldDirectory(directory);
    prepareFiles(held);
    held.holdFiles();
    files = new StoreFiles(directory, held.inside);
    files.check();
    return { root: openRoot(open, held.inside), files };
  } catch (error) {
    files?.forget();
    throw toLocalError(error, directory, held?.inside);
  } finally {
    held?.release();
  }
}

function openRoot(open: typeof Lmdb.open, directory: string): RootDatabase<Buffer, Buffer> {
  return open({
    path: directory,
    noSubdir: false,
    keyEncoding: "binary",
    encoding: "binary",
    maxDbs: 8,
    maxReaders: MAX_READERS,
    // So a commit returns once it is on the disk, and a power failure does not lose a commit that has returned. This
    // is also faster for a single write: 0.45 ms instead of 0.51.
    overlappingSync: false,
    // So the native writer starts only when a group of writes is complete. Otherwise it could hold the lock of all
    // writers while it waits for a thread that was terminated.
    eventTurnBatching: false,
    // It belongs to the line above. It is spread in because the types do not know it.
    ...{ txnStartThreshold: Number.MAX_SAFE_INTEGER },
  });
}

function loadLmdb(): typeof Lmdb {
  try {
    return createRequire(__filename)("lmdb") as typeof Lmdb;
  } catch (cause) {
    throw new LocalS3Error("LocalS3Unavailable", "the optional package lmdb could not be loaded", { cause });
  }
}
