import type { ObjectHeaders } from "../bridge/protocol.js";
import type { BucketCalls } from "./bucket-calls.js";
import { refusals } from "./conditional-writes.js";

/**
 * Stores a file.
 *
 * @param etag - the ETag that the key must still have
 */
export function putFile(
  calls: BucketCalls,
  key: string,
  path: string,
  headers: ObjectHeaders,
  etag: string | undefined,
): void {
  const base = etag === undefined ? {} : { base: { etag } };
  calls.tell(key, "unsure");
  const verdict = calls.call({ op: "putFile", key, path, headers, prefix: calls.prefix, ...base });
  if (verdict !== "done") throw calls.error(refusals[verdict], "putFile", key);
  calls.wrote(key, "set");
}

/** Writes a value to a file. Returns false for a missing key. */
export function getFile(calls: BucketCalls, key: string, path: string): boolean {
  const found = calls.call({ op: "getFile", key, path });
  if (!found) calls.tell(key, "unsure");
  return found;
}
