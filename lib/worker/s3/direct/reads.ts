import type {
  GetObjectCommandInput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
} from "@aws-sdk/client-s3";
import { collect, isChunked } from "../body/whole-body.js";
import type { Draft, Operation } from "./direct-attempt.js";
import { metadataIn, plainHeaders } from "./messages.js";
import type { Answer, AnswerHead, InParts } from "./messages.js";
import type { Route } from "./route.js";
import { crc32 } from "./writes.js";

const getHeaders = { Range: "range", IfMatch: "if-match" };

export interface GotObject extends StoredHeaders {
  body: Uint8Array;
  LastModified?: Date | undefined;
  ETag: string;
}

interface StoredHeaders {
  ContentEncoding?: string | undefined;
  ContentType?: string | undefined;
  CacheControl?: string | undefined;
  ContentDisposition?: string | undefined;
  ContentLanguage?: string | undefined;
  ExpiresString?: string | undefined;
  WebsiteRedirectLocation?: string | undefined;
  Metadata: Record<string, string>;
}

export type Found = Omit<HeadObjectCommandOutput, "$metadata">;

/** Reads a whole object. `object` is undefined if the key does not exist. */
export function getting(
  input: GetObjectCommandInput,
  maxBytes: number,
  inParts?: InParts,
): Operation<{ object: GotObject | undefined }> {
  return {
    name: "GetObject",
    maxBytes,
    inParts,
    draft: (route) => draftOfGet(input, route),
    read: (answer) => {
      if (isNoSuchKey(answer)) return { object: undefined };
      const object = objectOf(answer);
      return object && isUndamaged(answer) ? { object } : undefined;
    },
  };
}

/** Reads an object's first byte, to get its headers. An empty object has no first byte, and is left to the SDK. */
export function probing(
  input: GetObjectCommandInput & { Range: string },
): Operation<{ found: Found | false }> {
  return {
    name: "GetObject",
    // Some services ignore Range and send the whole object.
    maxBytes: 1,
    draft: (route) => draftOfGet(input, route),
    read: (answer) => {
      if (isNoSuchKey(answer)) return { found: false };
      const { statusCode, headers, body } = answer;
      if (statusCode !== 206 || body.length !== 1) return undefined;
      const found = headOf(headers, wholeLength(headers["content-range"]));
      return found && { found };
    },
  };
}

/** The length of the whole object, from the Content-Range of a part. */
export function wholeLength(contentRange = ""): number | undefined {
  const length = /^bytes \S+\/(\d+)$/.exec(contentRange)?.[1];
  return length === undefined ? undefined : Number(length);
}

export interface Part {
  /** The Content-Range that the response must have. */
  readonly contentRange: string;
  readonly into: Uint8Array;
}

/** Reads a range of one version of an object into a buffer. */
export function gettingPart(
  input: GetObjectCommandInput & { IfMatch: string; Range: string },
  { contentRange, into }: Part,
): Operation<{ done: true }> {
  const isAsked = ({ statusCode, headers }: AnswerHead): boolean =>
    statusCode === 206 &&
    headers["etag"] === input.IfMatch &&
    headers["content-range"] === contentRange &&
    Number(headers["content-length"]) === into.length;
  return {
    name: "GetObject",
    maxBytes: into.length,
    inParts: (plain, answer) => (isAsked(answer) ? collect(plain, into.length, into) : undefined),
    draft: (route) => draftOfGet(input, route),
    read: (answer) => (isAsked(answer) ? { done: true } : undefined),
  };
}

/** Reads an object's headers. `head` is false if S3 answers 404. */
export function heading(input: HeadObjectCommandInput): Operation<{ head: Found | false }> {
  return {
    name: "HeadObject",
    draft: () => {
      const headers = plainHeaders(input);
      return headers && input.Key !== undefined ? { method: "HEAD", key: input.Key, headers } : undefined;
    },
    read: ({ statusCode, headers }) => {
      // A 404 without a request id may come from a proxy.
      if (statusCode === 404 && headers["x-amz-request-id"]) return { head: false };
      const head = statusCode === 200 ? headOf(headers, Number(headers["content-length"])) : undefined;
      return head && { head };
    },
  };
}

function lastModifiedIn({ "last-modified": date = "" }: Record<string, string>): Date | undefined {
  const modified = new Date(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(date) ? date : NaN);
  return Number.isNaN(modified.getTime()) ? undefined : modified;
}

/** @returns undefined if something is missing or malformed */
function headOf(headers: Record<string, string>, size = NaN): Found | undefined {
  const ETag = headers["etag"];
  const modified = lastModifiedIn(headers);
  if (ETag === undefined || !Number.isSafeInteger(size) || modified === undefined) return undefined;
  return {
    ContentLength: size,
    ETag,
    LastModified: modified,
    ...storedHeaders(headers),
  };
}

/** What was stored beside the bytes. */
function storedHeaders(headers: Record<string, string>): StoredHeaders {
  return {
    ContentType: headers["content-type"],
    ContentEncoding: headers["content-encoding"],
    CacheControl: headers["cache-control"],
    ContentDisposition: headers["content-disposition"],
    ContentLanguage: headers["content-language"],
    ExpiresString: headers["expires"],
    WebsiteRedirectLocation: headers["x-amz-website-redirect-location"],
    Metadata: metadataIn(headers),
  };
}

function draftOfGet(input: GetObjectCommandInput, { asksForChecksums }: Route): Draft | undefined {
  const headers = plainHeaders(input, getHeaders);
  if (headers === undefined || input.Key === undefined) return undefined;
  if (asksForChecksums) headers["x-amz-checksum-mode"] = "ENABLED";
  return { method: "GET", key: input.Key, search: "x-id=GetObject", headers };
}

function objectOf({ statusCode, headers, body }: Answer): GotObject | undefined {
  const ETag = headers["etag"];
  if (statusCode !== 200 || ETag === undefined || !isWhole({ headers, body })) return undefined;
  return {
    body,
    ETag,
    LastModified: lastModifiedIn(headers),
    ...storedHeaders(headers),
  };
}

// Without a Content-Length, only chunked encoding marks the end of a body. A closed connection does not mark it
// reliably.
function isWhole({ headers, body }: Pick<Answer, "headers" | "body">): boolean {
  const length = headers["content-length"];
  return length === undefined ? isChunked(headers) : Number(length) === body.length;
}

// The SDK sends CRC32, so that is verified here. The SDK verifies other checksums, and ignores the composite ones of
// multipart uploads.
function isUndamaged({ headers, body }: Answer): boolean {
  for (const name in headers) {
    if (!name.startsWith("x-amz-checksum-") || name === "x-amz-checksum-type") continue;
    if (name !== "x-amz-checksum-crc32" || headers[name] !== crc32(body)) return false;
  }
  return true;
}

const errorPage =
  /^(?:<\?xml [^<>]*\?>)?\s*<Error(?: xmlns="[^"<>]*")?>(?:\s*<(\w+)>[^<>]*<\/\1>)*\s*<\/Error>\s*$/;

function isNoSuchKey({ statusCode, body }: Answer): boolean {
  if (statusCode !== 404) return false;
  const page = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  return errorPage.test(page) && page.includes("<Code>NoSuchKey</Code>");
}
