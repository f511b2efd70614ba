import type { Call, Op, Result } from "../bridge/operations.js";
import type { StoreResult } from "../bridge/protocol.js";
import { requestCounts } from "./observe/request-counts.js";
import { getAhead } from "./prefetch.js";
import { copyIfAbsent, proveRename, removeCopied, rename } from "./s3/conditional/conditional-copies.js";
import { removeIf, storeIf } from "./s3/conditional/conditional.js";
import { diagnose } from "./s3/diagnosis/diagnose.js";
import { listSpans } from "./s3/listing/list-spans.js";
import { bucketExists, createBucket, deleteBucket, listBuckets } from "./s3/operations/buckets.js";
import { deleteObject } from "./s3/operations/delete-object.js";
import { deleteObjects } from "./s3/operations/delete-objects.js";
import { failuresOf, forEachOf } from "./s3/operations/each-key.js";
import { getObject, getObjectAlone, getObjectToChange } from "./s3/operations/get-object.js";
import { copyObject } from "./s3/operations/copy-object.js";
import type { CopySource } from "./s3/operations/copy-object.js";
import { head, headObject, objectExists } from "./s3/operations/head-object.js";
import { getFile } from "./s3/files/get-file.js";
import { putFile } from "./s3/files/put-file.js";
import { listEntries } from "./s3/operations/list-entries.js";
import { listObjects } from "./s3/operations/list-objects.js";
import { signUrl } from "./s3/operations/sign-url.js";
import {
  getVersion,
  headVersionOf,
  listVersions,
  lookAtVersion,
  versioningOf,
} from "./s3/operations/versions.js";
import type { Lend } from "./s3/operations/multipart-upload.js";
import { putLent, putObject } from "./s3/operations/put-object.js";
import type { Found } from "./s3/direct/reads.js";
import type { S3 } from "./s3/s3.js";
import { isNoSuchBucket } from "./s3/sdk-errors.js";
import type { Target } from "./s3/target.js";
import type { Task } from "./s3/task.js";

/** What a call needs from the thread that waits for it. */
export interface CallingThread {
  /** Must be called whenever bytes of a file have moved. It extends the deadline. */
  moved(this: void): void;
  lend: Lend;
}

type Run<One extends Op> = (
  s3: S3,
  call: Call<One>,
  task: Task,
  timeoutMs: number,
  thread: CallingThread,
) => Promise<Result<One>>;

const runs: { readonly [One in Op]: Run<One> } = {
  get: (s3, call, task) => s3.run((target) => getObjectAlone(target, call, task)),
  getAhead,
  has: (s3, { key }, task) => s3.run((target) => objectExists(target, key, task)),
  head: (s3, { key, versionId }, task) =>
    s3.run((target) =>
      versionId === undefined ? headObject(target, key, task) : headVersionOf(target, key, versionId, task),
    ),
  set: (s3, { key, body, headers }, task, _, { lend }) =>
    s3.write(
      (target) =>
        typeof body === "string" || ArrayBuffer.isView(body)
          ? putObject(target, key, body, headers, task)
          : putLent(target, key, body, headers, lend, task),
      task.signal,
    ),
  delete: (s3, { key }, task) => s3.run((target) => deleteObject(target, key, task)),
  // Each key is a separate run, so that all of them follow a redirect to another region.
  async getMany(s3, { keys, maxBytes, withHeaders }, task) {
    const outcomes = await forEachOf(keys, s3.settings.concurrency, task, (key, task) =>
      s3.run((target) =>
        withHeaders === true
          ? getObjectToChange(target, { key, maxBytes, delayMs: 0 }, task)
          : getObject(target, key, maxBytes, task),
      ),
    );
    return outcomes.map((outcome) => ("value" in outcome ? { read: outcome.value } : outcome));
  },
  async getVersions(s3, { keys, versionIds, maxBytes }, task) {
    const wanted = keys.map((key, at) => ({ key, versionId: versionIds[at]! }));
    const outcomes = await forEachOf(wanted, s3.settings.concurrency, task, ({ key, versionId }, task) =>
      s3.run((target) => getVersion(target, key, versionId, maxBytes, task)),
    );
    return outcomes.map((outcome) => ("value" in outcome ? { read: outcome.value } : outcome));
  },
  versions: (s3, call, task) => s3.run((target) => listVersions(target, call, task)),
  versioning: (s3, _call, task) => s3.run((target) => versioningOf(target, task)),
  async setMany(s3, { objects }, task) {
    const outcomes = await forEachOf(objects, s3.settings.concurrency, task, ({ key, body, headers }, task) =>
      s3.write((target) => putObject(target, key, body, headers, task), task.signal),
    );
    const keys = objects.map(({ key }) => key);
    return failuresOf(keys, outcomes);
  },
  deleteMany: (s3, { keys }, task) => s3.run((target) => deleteObjects(target, keys, task)),
  list: (s3, call, task) => s3.run((target) => listObjects(target, call, task)),
  entries: (s3, call, task) => s3.run((target) => listEntries(target, call, task)),
  listSpans: (s3, call, task) => s3.run((target) => listSpans(target, call, task)),
  async read(s3, call, task) {
    try {
      return await s3.run((target) => getObjectToChange(target, call, task));
    } catch (error) {
      // The bucket is missing. `update` then creates the key, and the bucket with it.
      if (s3.settings.createBucket !== true || !isNoSuchBucket(error)) throw error;
      return undefined;
    }
  },
  store(s3, call, task) {
    const store = (target: Target): Promise<Result<"store">> => storeIf(target, call, task);
    // In a new bucket no key has an ETag.
    return call.base.etag === undefined ? s3.write(store, task.signal) : s3.run(store);
  },
  async removeMany(s3, { versions, prefix }, task) {
    const remove = ({ key, etag }: { key: string; etag: string }, task: Task): Promise<StoreResult> =>
      s3.run((target) => removeIf(target, { key, base: { etag }, prefix }, task));
    // The first deletion finds out whether the service honours conditions.
    const first = await forEachOf(versions.slice(0, 1), 1, task, remove);
    const rest = await forEachOf(versions.slice(1), s3.settings.concurrency, task, remove);
    return [...first, ...rest].map((outcome) => ("value" in outcome ? outcome.value : outcome));
  },
  remove: (s3, call, task) => s3.run((target) => removeIf(target, call, task)),
  copy: (s3, { key, to, ifAbsent, prefix }, task) => {
    const from = sourceOf(s3, key, task);
    return s3.run((target) =>
      ifAbsent ? copyIfAbsent(target, from, to, prefix, task) : copyObject(target, from, to, task),
    );
  },
  async copyMany(s3, { pairs, source }, task) {
    // The keys of the source have been listed, so only the target's bucket can be missing.
    const other = source === undefined ? s3 : s3.forBucket(source);
    const outcomes = await forEachOf(pairs, s3.settings.concurrency, task, ({ from, to }, task) =>
      s3.write((target) => copyObject(target, sourceOf(other, from, task), to, task), task.signal),
    );
    return outcomes.map((outcome) => ("value" in outcome ? { copied: outcome.value } : outcome));
  },
  restore: (s3, { key, versionId }, task) => {
    const look = (): Promise<Found | false> =>
      s3.run((target) => lookAtVersion(target, key, versionId, task));
    const from = { bucket: s3.settings.bucket, key, versionId, look };
    return s3.run((target) => copyObject(target, from, key, task));
  },
  rename: (s3, { key, to, prefix }, task) => s3.run((target) => rename(target, key, to, prefix, task)),
  proveRename: (s3, { key, prefix }, task) => s3.run((target) => proveRename(target, key, prefix, task)),
  removeCopied: (s3, call, task) => s3.run((target) => removeCopied(target, call, task)),
  url: (s3, { key, link }, task) => s3.run((target) => signUrl(target, key, link, task.signal)),
  putFile(s3, call, task, _, { moved }) {
    const put = (target: Target): Promise<Result<"putFile">> => putFile(target, call, task, moved);
    return call.base?.etag === undefined ? s3.write(put, task.signal) : s3.run(put);
  },
  getFile: (s3, call, task, _, { moved }) => s3.run((target) => getFile(target, call, task, moved)),
  listBuckets: (s3, { token }, task) => s3.run((target) => listBuckets(target, token, task)),
  headBucket: (s3, _call, task) => s3.run((target) => bucketExists(target, task)),
  createBucket: (s3, _call, task) => s3.run((target) => createBucket(target, task)),
  deleteBucket: (s3, _call, task) => s3.run((target) => deleteBucket(target, task)),
  requests: () => Promise.resolve(requestCounts()),
  diagnose: (s3, call, task, timeoutMs) =>
    diagnose((step) => s3.run(step), s3.settings, s3.environment, call, timeoutMs, task.signal),
};

/** An object to copy. Its bucket may be in another region than the target's. */
function sourceOf(s3: S3, key: string, task: Task): CopySource {
  return { bucket: s3.settings.bucket, key, look: () => s3.run((target) => head(target, key, task)) };
}

/** Carries out a call. */
export function perform<One extends Op>(
  s3: S3,
  call: Call<One>,
  task: Task,
  timeoutMs: number,
  thread: CallingThread,
): Promise<Result<One>> {
  return runs[call.op](s3, call, task, timeoutMs, thread);
}

/** The parts of a result that move to the calling thread instead of being copied. */
export function bodiesOf(value: Result): ArrayBuffer[] {
  if (Array.isArray(value)) return value.flatMap((each) => ("read" in each ? bodiesOf(each.read) : []));
  if (typeof value !== "object") return [];
  if ("ahead" in value) return [value.first, ...value.ahead].flatMap(({ body }) => bodiesOf(body));
  if ("sizes" in value) return [value.sizes.buffer as ArrayBuffer];
  return "body" in value ? [value.body.buffer as ArrayBuffer] : [];
}
