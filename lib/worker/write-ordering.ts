import { isAlias } from "../arguments/location.js";
import { operations } from "../bridge/operations.js";
import type { Call, Op } from "../bridge/operations.js";

// By bucket and key. Usually empty, because the caller blocks until its one call has ended. A second call comes from a
// callback during a `deasync` wait, or after Ctrl-C has abandoned the first call.
const writing = new Map<string, Map<string, Promise<unknown>>>();

/**
 * Runs a call once earlier writes to its keys have ended, so that writes to a key take effect in program order.
 *
 * @param bucket - two writes are ordered if their bucket names are equal. Endpoints and directories are not compared,
 * because a service can have several addresses, and a directory several paths
 */
export function inOrder<One extends Op, T>(
  bucket: string,
  call: Call<One>,
  run: () => Promise<T>,
): Promise<T> {
  const { keys, isWrite, reads, readsFrom } = operations[call.op];
  if (writing.size === 0 && !isWrite) return run();
  const touched = keys(call);
  const before = writing.size === 0 ? [] : writesBefore(bucket, touched);
  if (writing.size > 0 && reads !== undefined)
    before.push(...writesBefore(readsFrom?.(call) ?? bucket, reads(call)));
  const result = before.length === 0 ? run() : Promise.allSettled(before).then(run);
  // A write of "all" keys creates or deletes the bucket. It waits for earlier writes, but no later call waits for it.
  if (!isWrite || touched === "all") return result;

  const mine = writing.get(bucket) ?? new Map<string, Promise<unknown>>();
  writing.set(bucket, mine);
  for (const key of touched) mine.set(key, result);
  const done = (): void => {
    for (const key of touched) if (mine.get(key) === result) mine.delete(key);
    if (mine.size === 0 && writing.get(bucket) === mine) writing.delete(bucket);
  };
  result.then(done, done);
  return result;
}

function writesBefore(bucket: string, keys: readonly string[] | "all"): Promise<unknown>[] {
  const before: Promise<unknown>[] = [];
  for (const [name, writes] of writing) {
    if (name !== bucket && !isAlias(name) && !isAlias(bucket)) continue;
    if (keys === "all") before.push(...writes.values());
    else for (const key of keys) if (writes.has(key)) before.push(writes.get(key)!);
  }
  return before;
}
