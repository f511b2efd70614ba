import { randomBytes } from "node:crypto";
import { WRITES_NAME } from "../../../bridge/protocol.js";
import type { Version } from "../../../bridge/protocol.js";

/**
 * How many writes an object remembers. Whose answer was lost asks within the time of a few round trips, in which
 * others may have written on top.
 */
const REMEMBERED = 40;

/** A name that no other write has. */
export function newWriteId(): string {
  return randomBytes(9).toString("base64url");
}

/** What a write on top of `base` says of itself and of those before it, the newest first. */
export function historyOf(id: string, base: Version, maxBytes: number): string {
  const history = [id, ...(base.writes ?? [])].slice(0, REMEMBERED);
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
 * Whether one of these writes has happened: a write on top of another names it, and so those before it. That none is
 * named proves nothing: somebody may have written over it without reading it, with bytes that were there before.
 */
export function isNamed(ids: readonly string[], now: Version | undefined): boolean {
  return now?.writes?.some((id) => ids.includes(id)) === true;
}

/**
 * Whether an object is still as it was, so that nothing has been written since. Its ETag alone does not show it, for
 * the same bytes have the same one; but no two writes have the same id. A missing key shows nothing.
 */
export function isUntouched(now: Version | undefined, base: Version): boolean {
  const newest = base.writes?.[0];
  return newest !== undefined && now?.etag === base.etag && now?.writes?.[0] === newest;
}
