import { preconditionFailed, S3Error } from "../s3-error.js";
import type { ObjectRecord } from "../store/records.js";

export interface Conditions {
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
}

export function conditionsOf(headers: Record<string, string>): Conditions {
  return { ifMatch: headers["if-match"], ifNoneMatch: headers["if-none-match"] };
}

/** The conditions of a write. S3 implements If-None-Match for writes with `*` only. */
export function writeConditionsOf(headers: Record<string, string>): Conditions {
  const conditions = conditionsOf(headers);
  if (conditions.ifNoneMatch !== undefined && conditions.ifNoneMatch !== "*")
    throw new S3Error("NotImplemented", { Header: "If-None-Match" });
  return conditions;
}

// The library sends one ETag, with or without quotes.
function etagMatches(header: string, etag: string): boolean {
  return header.replace(/^"(.*)"$/, "$1") === etag;
}

/** @returns false if the response is a 304; throws the 412 */
export function isModified(record: ObjectRecord, { ifMatch, ifNoneMatch }: Conditions): boolean {
  if (ifMatch !== undefined && !etagMatches(ifMatch, record.etag)) throw preconditionFailed("If-Match");
  return ifNoneMatch === undefined || !etagMatches(ifNoneMatch, record.etag);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export function checkWrite(
  record: ObjectRecord | undefined,
  { ifMatch, ifNoneMatch }: Conditions,
  key: string,
): void {
  if (ifNoneMatch !== undefined && record) throw preconditionFailed("If-None-Match");
  if (ifMatch === undefined) return;
  if (!record) throw new S3Error("NoSuchKey", { Key: key });
  if (!etagMatches(ifMatch, record.etag)) throw preconditionFailed("If-Match");
}
