import { sdk } from "../sdk.js";
import type { KeptHeaders, Reading } from "../../../bridge/protocol.js";
import { unquote } from "../conditional/conditions.js";
import { directAttempt } from "../direct/direct-attempt.js";
import { getting } from "../direct/reads.js";
import type { GotObject } from "../direct/reads.js";
import { replay } from "../direct/replay.js";
import { isMissing, statusOf } from "./missing.js";
import { inParts, readInParts } from "./ranged-get.js";
import { pause } from "../pause.js";
import type { Target } from "../target.js";
import { BadAnswer } from "../bad-answers.js";
import { readWhole } from "../body/whole-body.js";
import { withoutWrites, writesIn } from "../conditional/write-id.js";

/**
 * A whole object's bytes, or undefined where there is no such key. One GET, and for a long one that is read alone some
 * more (ranged-get.ts). With an ETag, which S3 compares, "unchanged" where the object still has it; where the answer is
 * of another ETag, one GET more without it.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export async function getObject(
  target: Target,
  key: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Reading | undefined>;
export async function getObject(
  target: Target,
  key: string,
  maxBytes: number,
  signal: AbortSignal,
  ifNoneMatch: string | undefined,
  isAlone: boolean,
): Promise<Reading | "unchanged" | undefined>;
export async function getObject(
  target: Target,
  key: string,
  maxBytes: number,
  signal: AbortSignal,
  ifNoneMatch?: string,
  isAlone = false,
): Promise<Reading | "unchanged" | undefined> {
  const object = await got(target, key, maxBytes, signal, ifNoneMatch, isAlone);
  return typeof object === "object" ? toReading(object) : object;
}

/** The same with the headers and metadata that a changed value keeps, after a pause. One GET. */
export async function getObjectToChange(
  target: Target,
  key: string,
  maxBytes: number,
  delayMs: number,
  signal: AbortSignal,
): Promise<Reading | undefined> {
  if (delayMs > 0) await pause(delayMs, signal);
  const object = await got(target, key, maxBytes, signal, undefined, false);
  return typeof object === "object" ? { ...toReading(object), kept: keptOf(object) } : undefined;
}

async function got(
  target: Target,
  key: string,
  maxBytes: number,
  signal: AbortSignal,
  ifNoneMatch: string | undefined,
  isAlone: boolean,
): Promise<GotObject | "unchanged" | undefined> {
  const { client, settings } = target;
  const input = {
    Bucket: settings.bucket,
    Key: key,
    ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch }),
    ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
  };
  const { concurrency } = settings;
  const byRanges = isAlone && concurrency > 1 ? inParts(client, input, concurrency, signal) : undefined;
  const tried = await directAttempt(client, input, getting(input, maxBytes, byRanges), signal);
  if (tried.result !== undefined) {
    target.bucketProved = true;
    return tried.result.object;
  }
  const command = replay(new sdk.GetObjectCommand(input), tried);
  if (byRanges !== undefined) readInParts(command, maxBytes, byRanges);
  const bytes = readWhole(command, maxBytes);
  let read: Omit<GotObject, "body">;
  try {
    const { ETag, Metadata = {}, $metadata, ...others } = await client.send(command, { abortSignal: signal });
    if (ETag === undefined) throw new BadAnswer("the answer has no ETag", $metadata);
    if ($metadata.httpStatusCode === 206)
      throw new BadAnswer("all of the object was asked for, and the answer is a part of it", $metadata);
    read = { ...others, ETag, Metadata };
  } catch (error) {
    if (ifNoneMatch !== undefined && statusOf(error) === 304) {
      if (isOfAnother(error, ifNoneMatch)) return got(target, key, maxBytes, signal, undefined, isAlone);
      target.bucketProved = true;
      return "unchanged";
    }
    if (!isMissing(target, error)) throw error;
    return undefined;
  }
  target.bucketProved = true;
  return { ...read, body: bytes() };
}

// A cache on the way may ask for an ETag of its own, and pass the answer on.
function isOfAnother(notModified: unknown, etag: string): boolean {
  const { $response } = notModified as { $response?: { headers?: Record<string, string> } };
  const told = $response?.headers?.["etag"];
  return told !== undefined && unquote(told) !== unquote(etag);
}

function toReading({ body, ETag: etag, ContentEncoding, Metadata }: GotObject): Reading {
  const version = { etag: unquote(etag), writes: writesIn(Metadata) };
  const contentEncoding = withoutChunked(ContentEncoding);
  return { body, etag, version, ...(contentEncoding === undefined ? {} : { contentEncoding }) };
}

function keptOf(object: GotObject): KeptHeaders {
  const headers = {
    contentType: object.ContentType,
    cacheControl: object.CacheControl,
    contentDisposition: object.ContentDisposition,
    contentLanguage: object.ContentLanguage,
    expires: object.ExpiresString,
    websiteRedirect: object.WebsiteRedirectLocation,
  };
  const told = Object.entries(headers).filter(([, value]) => value !== undefined && value !== "");
  return { ...(Object.fromEntries(told) as KeptHeaders), metadata: withoutWrites(object.Metadata) };
}

// How the body once came over the wire, which some services keep. Sent again it would say so of another body.
function withoutChunked(contentEncoding: string | undefined): string | undefined {
  if (contentEncoding?.includes("aws-chunked") !== true) return contentEncoding;
  const codings = contentEncoding.split(",").filter((coding) => coding.trim() !== "aws-chunked");
  return codings.length === 0 ? undefined : codings.join(",").trim();
}
