import type { Call } from "../bridge/protocol.js";

// Writes under way, by place and key. Usually there are none: the caller is blocked by its one call. A
// second comes from within a `deasync` wait, or after Ctrl-C abandoned the first.
const writing = new Map<string, Map<string, Promise<unknown>>>();

/**
 * Runs a call when the writes to its keys that came before it have ended, so that the order of one key's
 * values is the order of the program.
 *
 * @param place - the same for all maps of one bucket
 */
export function inOrder<T>(place: string, call: Call, run: () => Promise<T>): Promise<T> {
  let writes = writing.get(place);
  const before = writes === undefined ? [] : writesBefore(writes, call);
  const result = before.length === 0 ? run() : Promise.allSettled(before).then(run);
  const keys = keysWritten(call);
  if (keys.length === 0) return result;

  if (writes === undefined) writing.set(place, (writes = new Map<string, Promise<unknown>>()));
  const mine = writes;
  for (const key of keys) mine.set(key, result);
  const done = (): void => {
    for (const key of keys) if (mine.get(key) === result) mine.delete(key);
    if (mine.size === 0 && writing.get(place) === mine) writing.delete(place);
  };
  result.then(done, done);
  return result;
}

function writesBefore(writes: Map<string, Promise<unknown>>, call: Call): Promise<unknown>[] {
  if (call.op === "list" || call.op === "listSpans" || call.op === "entries") return [...writes.values()];
  return keysOf(call).flatMap((key) => writes.get(key) ?? []);
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
