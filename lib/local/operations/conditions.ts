import type { ObjectRecord } from "../store/records.js";
import { preconditionFailed, S3Error } from "../s3-error.js";

/** The conditional headers of one request; `prefix` is "x-amz-copy-source-" for those about a copy's source. */
export interface Conditions {
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
}

export function conditionsOf(headers: Record<string, string>, prefix = ""): Conditions {
  return {
    ifMatch: headers[`${prefix}if-match`],
    ifNoneMatch: headers[`${prefix}if-none-match`],
  };
}

export function etagMatches(header: string, etag: string): boolean {
  return header.split(",").some((part) => {
    const tag = part.trim().replace(/^W\//, "");
    return tag === "*" || tag.replace(/^"(.*)"$/, "$1") === etag;
  });
}

/** Decides a conditional read: returns false for "not modified", throws 412, else returns true. */
export function readIsDue(record: ObjectRecord, conditions: Conditions): boolean {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch !== undefined && !etagMatches(ifMatch, record.etag)) throw preconditionFailed("If-Match");
  return ifNoneMatch === undefined || !etagMatches(ifNoneMatch, record.etag);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export function checkWrite(record: ObjectRecord | undefined, conditions: Conditions, key: string): void {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifNoneMatch !== undefined && record) throw preconditionFailed("If-None-Match");
  if (ifMatch !== undefined) {
    if (!record) throw new S3Error("NoSuchKey", { elements: { Key: key } });
    if (!etagMatches(ifMatch, record.etag)) throw preconditionFailed("If-Match");
  }
}

/** A condition of a write that S3 does not know is refused before anything is read. */
export function writeConditionsOf(headers: Record<string, string>): Conditions {
  const conditions = conditionsOf(headers);
  if (conditions.ifNoneMatch !== undefined && conditions.ifNoneMatch.trim() !== "*") {
    const message = "An ETag in If-None-Match is not implemented for writes.";
    throw new S3Error("NotImplemented", { message, elements: { Header: "If-None-Match" } });
  }
  return conditions;
}
