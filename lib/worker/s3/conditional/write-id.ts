import { randomBytes } from "node:crypto";
import { WRITES_NAME } from "../../../bridge/protocol.js";
import type { Version } from "../../../bridge/protocol.js";

/**
 * How many writes an object remembers. A writer whose response was lost checks within a few round trips. In the
 * meantime, other writers may have updated the object.
 */
const REMEMBERED = 40;

export function newWriteId(): string {
  return randomBytes(9).toString("base64url");
}

/** The history that a write on top of `base` stores: its own id and the ids of earlier writes, newest first. */
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
 * Whether one of these writes has happened. Each write names the earlier writes on top of which it was made. If none of
 * these ids is named, that proves nothing, because another program may have overwritten the object unconditionally.
 */
export function isNamed(ids: readonly string[], now: Version | undefined): boolean {
  return now?.writes?.some((id) => ids.includes(id)) === true;
}

/**
 * Whether nothing has been written since `base` was read. The ETag alone does not prove that, because equal bytes have
 * equal ETags. The ids do, because no two writes have the same id. A missing key proves nothing.
 */
export function isUntouched(now: Version | undefined, base: Version): boolean {
  const newest = base.writes?.[0];
  return newest !== undefined && now?.etag === base.etag && now?.writes?.[0] === newest;
}
