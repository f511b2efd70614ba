import { isAlias } from "../arguments/alias.js";
import type { Call } from "../bridge/protocol.js";

// Writes under way, by bucket and key. Usually there are none: the caller is blocked by its one call. A
// second comes from within a `deasync` wait, or after Ctrl-C abandoned the first.
const writing = new Map<string, Map<string, Promise<unknown>>>();

/**
 * Runs a call when the writes to its keys that came before it have ended, so that the order of one key's
 * values is the order of the program.
 *
 * @param bucket - its name alone says which writes may be to the same place: one service has many addresses, and one
 * directory many paths
 */
export function inOrder<T>(bucket: string, call: Call, run: () => Promise<T>): Promise<T> {
  const before = writing.size === 0 ? [] : writesBefore(bucket, call);
  const result = before.length === 0 ? run() : Promise.allSettled(before).then(run);
  const keys = keysWritten(call);
  if (keys.length === 0) return result;

  const mine = writing.get(bucket) ?? new Map<string, Promise<unknown>>();
  writing.set(bucket, mine);
  for (const key of keys) mine.set(key, result);
  const done = (): void => {
    for (const key of keys) if (mine.get(key) === result) mine.delete(key);
    if (mine.size === 0 && writing.get(bucket) === mine) writing.delete(bucket);
  };
  result.then(done, done);
  return result;
}

function writesBefore(bucket: string, call: Call): Promise<unknown>[] {
  const before: Promise<unknown>[] = [];
  const all = call.op === "list" || call.op === "listSpans" || call.op === "entries";
  const keys = all ? undefined : keysOf(call);
  for (const [name, writes] of writing) {
    if (name !== bucket && !isAlias(name) && !isAlias(bucket)) continue;
    if (keys === undefined) before.push(...writes.values());
    else for (const key of keys) if (writes.has(key)) before.push(writes.get(key)!);
  }
  return before;
}

function keysWritten(call: Call): string[] {
  switch (call.op) {
    case "set":
    case "setMany":
    case "delete":
    case "deleteMany":
    case "store":
    case "remove":
      return keysOf(call);
    default:
      return [];
  }
}

function keysOf(call: Call): string[] {
  if (call.op === "setMany") return call.objects.map(({ key }) => key);
  if ("keys" in call) return call.keys;
  return "key" in call ? [call.key] : [];
}
