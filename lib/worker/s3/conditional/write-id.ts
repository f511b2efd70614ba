import { randomBytes } from "node:crypto";
import { WRITES_NAME } from "../../../bridge/protocol.js";
import type { Version } from "../../../bridge/protocol.js";

/**
 * How many writes an object remembers. A writer whose answer was lost looks within a few round trips; others may have written
 * on top by then.
 */
const REMEMBERED = 40;

export function newWriteId(): string {
  return randomBytes(9).toString("base64url");
}

/** The history that a write on top of `base` stores: its own id, and those of the writes before, the newest first. */
export function historyOf(id: string, base: Version, maxBytes: number): string {
  const history = [id, ...(base.writes ?? [])].slice(0, REMEMBERED);
  while (history.length > 1 && WRITES_NAME.length + history.join(",").length > maxBytes) history.pop();
  return history.join(",");
}

/** The history in an object's metadata. */
export function writesIn(metadata: Record<string, string> | undefined): string[] {
  const writes = metadata?.[WRITES_NAME];
  return writes === undefined || writes === "" ? [] : writes.split(",");
}

/** The user's own metadata of an object. */
export function withoutWrites(metadata: Record<string, string> | undefined): Record<string, string> {
  const { [WRITES_NAME]: _, ...own } = metadata ?? {};
  return own;
}

/**
 * Whether one of these writes has happened: each write names those that it was made on top of. If none is named, that proves
 * nothing: another program may have overwritten it unconditionally.
 */
export function isNamed(ids: readonly string[], now: Version | undefined): boolean {
  return now?.writes?.some((id) => ids.includes(id)) === true;
}

/**
 * Whether nothing has been written since `base` was read. The ETag alone does not prove it, because equal bytes have equal
 * ETags; but no two writes have the same id. A missing key proves nothing.
 */
export function isUntouched(now: Version | undefined, base: Version): boolean {
  const newest = base.writes?.[0];
  return newest !== undefined && now?.etag === base.etag && now?.writes?.[0] === newest;
}
