import type { ObjectRecord } from "../store/records.js";
import { preconditionFailed, S3Error } from "../s3-error.js";

/** The conditional headers of one request; `prefix` is "x-amz-copy-source-" for those about a copy's source. */
export interface Conditions {
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
  ifModifiedSince?: string | undefined;
  ifUnmodifiedSince?: string | undefined;
}

export function conditionsOf(headers: Record<string, string>, prefix = ""): Conditions {
  return {
    ifMatch: headers[`${prefix}if-match`],
    ifNoneMatch: headers[`${prefix}if-none-match`],
    ifModifiedSince: headers[`${prefix}if-modified-since`],
    ifUnmodifiedSince: headers[`${prefix}if-unmodified-since`],
  };
}

export function etagMatches(header: string, etag: string): boolean {
  return header.split(",").some((part) => {
    const tag = part.trim().replace(/^W\//, "");
    return tag === "*" || tag.replace(/^"(.*)"$/, "$1") === etag;
  });
}

/**
 * Decides a conditional read by RFC 9110's precedence, as S3 does: a tag outranks a date. Returns false for
 * "not modified", throws 412, else returns true.
 */
export function readIsDue(record: ObjectRecord, conditions: Conditions): boolean {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!etagMatches(ifMatch, record.etag)) throw preconditionFailed("If-Match");
  } else if (ifUnmodifiedSince !== undefined && seconds(record.modified) > secondsOf(ifUnmodifiedSince)) {
    throw preconditionFailed("If-Unmodified-Since");
  }
  if (ifNoneMatch !== undefined) return !etagMatches(ifNoneMatch, record.etag);
  // A date that cannot be parsed is NaN, and every comparison with it false: the header is ignored.
  return !(ifModifiedSince !== undefined && seconds(record.modified) <= secondsOf(ifModifiedSince));
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

/** The conditions of a write that S3 does not know are refused before anything is read. */
export function writeConditionsOf(headers: Record<string, string>): Conditions {
  const conditions = conditionsOf(headers);
  if (conditions.ifNoneMatch !== undefined && conditions.ifNoneMatch.trim() !== "*")
    throw notImplemented("If-None-Match", "An ETag in If-None-Match is not implemented for writes.");
  if (conditions.ifModifiedSince !== undefined) throw notImplemented("If-Modified-Since");
  if (conditions.ifUnmodifiedSince !== undefined) throw notImplemented("If-Unmodified-Since");
  return conditions;
}

function notImplemented(header: string, message?: string): S3Error {
  return new S3Error("NotImplemented", { ...(message ? { message } : {}), elements: { Header: header } });
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function secondsOf(date: string): number {
  return seconds(Date.parse(date));
}
