import zlib from "node:zlib";
import type { GetObjectCommandInput } from "@aws-sdk/client-s3";
import { collect, isChunked } from "../body/whole-body.js";
import type { Answer, InParts } from "./messages.js";
import type { Draft, Operation } from "./direct-attempt.js";
import { headOf } from "./head.js";
import { metadataIn } from "../body/metadata.js";
import type { Found } from "./head.js";
import { plainHeaders } from "./plain-headers.js";
import type { Route } from "./route.js";

const inPath = new Set(["Bucket", "Key"]);
const headerNames = { RequestPayer: "x-amz-request-payer", Range: "range", IfMatch: "if-match" };

/** A whole object, and what of its headers is needed. */
export interface GotObject {
  body: Uint8Array;
  ETag: string;
  ContentEncoding?: string | undefined;
  ContentType?: string | undefined;
  CacheControl?: string | undefined;
  ContentDisposition?: string | undefined;
  ContentLanguage?: string | undefined;
  ExpiresString?: string | undefined;
  WebsiteRedirectLocation?: string | undefined;
  Metadata: Record<string, string>;
}

/** A whole object, or that there is no such key. */
export function getting(
  input: GetObjectCommandInput,
  maxBytes: number,
  inParts?: InParts,
): Operation<{ object: GotObject | undefined }> {
  return {
    name: "GetObject",
    maxBytes,
    inParts,
    draft: (route) => draftOf(input, route),
    read: (answer) => {
      if (isNoSuchKey(answer)) return { object: undefined };
      const object = objectOf(answer);
      return object && isUndamaged(answer) ? { object } : undefined;
    },
  };
}

/** What is known of an object, by its first byte. An empty one has none, and is left to the SDK. */
export function probing(
  input: GetObjectCommandInput & { Range: string },
): Operation<{ found: Found | false }> {
  return {
    name: "GetObject",
    // A service that knows no ranges gives all of it.
    maxBytes: 1,
    draft: (route) => draftOf(input, route),
    read: (answer) => {
      if (isNoSuchKey(answer)) return { found: false };
      const { statusCode, headers, body } = answer;
      const found =
        statusCode === 206 && body.length === 1
          ? headOf(headers, wholeLength(headers["content-range"]))
          : undefined;
      return found && { found };
    },
  };
}

/** How long the whole is of which an answer has a part. */
export function wholeLength(contentRange = ""): number | undefined {
  const length = /^bytes \S+\/(\d+)$/.exec(contentRange)?.[1];
  return length === undefined ? undefined : Number(length);
}

/** What of a version's bytes is put into a buffer. */
export interface Part {
  /** As the answer has it. */
  readonly contentRange: string;
  readonly into: Uint8Array;
}

/** Some bytes of one version of an object, which are put where they belong as they come. */
export function gettingPart(
  input: GetObjectCommandInput & { IfMatch: string; Range: string },
  { contentRange, into }: Part,
): Operation<{ done: true }> {
  const isAsked = ({ statusCode, headers }: Pick<Answer, "statusCode" | "headers">): boolean =>
    statusCode === 206 &&
    headers["etag"] === input.IfMatch &&
    headers["content-range"] === contentRange &&
    Number(headers["content-length"]) === into.length;
  return {
    name: "GetObject",
    maxBytes: into.length,
    inParts: (plain, answer) => (isAsked(answer) ? collect(plain, into.length, into) : undefined),
    draft: (route) => draftOf(input, route),
    read: (answer) => (isAsked(answer) ? { done: true } : undefined),
  };
}

function draftOf(input: GetObjectCommandInput, { asksForChecksums }: Route): Draft | undefined {
  const headers = plainHeaders(input, headerNames, inPath);
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
    ContentEncoding: headers["content-encoding"],
    ContentType: headers["content-type"],
    CacheControl: headers["cache-control"],
    ContentDisposition: headers["content-disposition"],
    ContentLanguage: headers["content-language"],
    ExpiresString: headers["expires"],
    WebsiteRedirectLocation: headers["x-amz-website-redirect-location"],
    Metadata: metadataIn(headers),
  };
}

// Without a length the end of the chunks is one, and the end of a connection is none.
function isWhole({ headers, body }: Pick<Answer, "headers" | "body">): boolean {
  const length = headers["content-length"];
  return length === undefined ? isChunked(headers) : Number(length) === body.length;
}

// CRC32 is what the SDK sends; other checksums are left to it, and so are those of parts, which it does not check.
function isUndamaged({ headers, body }: Answer): boolean {
  for (const name in headers) {
    if (!name.startsWith("x-amz-checksum-") || name === "x-amz-checksum-type") continue;
    if (name !== "x-amz-checksum-crc32" || headers[name] !== crc32(body)) return false;
  }
  return true;
}

/** As S3 writes it. */
export function crc32(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(zlib.crc32(bytes));
  return sum.toString("base64");
}

const errorPage =
  /^(?:<\?xml [^<>]*\?>)?\s*<Error(?: xmlns="[^"<>]*")?>(?:\s*<(\w+)>[^<>]*<\/\1>)*\s*<\/Error>\s*$/;

function isNoSuchKey({ statusCode, body }: Answer): boolean {
  if (statusCode !== 404) return false;
  const page = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  return errorPage.test(page) && page.includes("<Code>NoSuchKey</Code>");
}
