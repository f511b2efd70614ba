import { randomBytes } from "node:crypto";
import { WRITES_NAME } from "../../bridge/protocol.js";
import type { Version } from "../../bridge/protocol.js";

/**
 * How many writes an object remembers. Whose answer was lost asks within the time of a few round trips, in which
 * others may have written on top.
 */
const REMEMBERED = 40;

/** Stands for the writes before the first that is known: after it comes the ETag, or nothing for a missing key. */
const ROOT = "@";

/** A name that no other write has. */
export function newWriteId(): string {
  return randomBytes(9).toString("base64url");
}

/** What a write on top of `base` says of itself and of those before it, the newest first. */
export function historyOf(id: string, base: Version, maxBytes: number): string {
  const history = [id, ...before(base)].slice(0, REMEMBERED);
  while (history.length > 1 && WRITES_NAME.length + history.join(",").length > maxBytes) history.pop();
  return history.join(",");
}

/** An object's history as it was stored. */
export function writesIn(metadata: Record<string, string> | undefined): string[] {
  const writes = metadata?.[WRITES_NAME];
  return writes === undefined || writes === "" ? [] : writes.split(",");
}

/** What is the user's of an object's metadata. */
export function withoutWrites(metadata: Record<string, string> | undefined): Record<string, string> {
  const { [WRITES_NAME]: _, ...own } = metadata ?? {};
  return own;
}

/**
 * Whether a write has happened, by what the object now says; undefined where that does not tell. Each write on top
 * of another names it, and so those before it. Where the state that the write was to replace is among the named,
 * and the write itself is not, others have come before it.
 */
export function hasHappened(id: string, base: Version, now: readonly string[]): boolean | undefined {
  if (now.includes(id)) return true;
  const [latest] = before(base);
  return latest !== undefined && now.includes(latest) ? false : undefined;
}

/** The history of a state; undefined history (`set` with an ETag has not read it) names nothing. */
function before({ etag, writes }: Version): string[] {
  if (writes === undefined) return [];
  return writes.length > 0 ? writes : [`${ROOT}${etag ?? ""}`];
}
