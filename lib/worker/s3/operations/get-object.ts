import type { Call } from "../../../bridge/operations.js";
import type { KeptHeaders, Reading } from "../../../bridge/protocol.js";
import { checkIsWhole } from "../bad-answers.js";
import { readWhole } from "../body/whole-body.js";
import { withoutWrites, writesIn } from "../conditional/write-id.js";
import { directAttempt } from "../direct/direct-attempt.js";
import { getting } from "../direct/reads.js";
import type { GotObject } from "../direct/reads.js";
import { replay } from "../direct/replay.js";
import { unquote } from "../etag.js";
import { pause } from "../pause.js";
import { isNoSuchKey, statusOf } from "../sdk-errors.js";
import type { SdkError } from "../sdk-errors.js";
import { sdk } from "../sdk.js";
import { keyInput } from "../bucket-input.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { inParts, readInParts } from "./ranged-get.js";

/**
 * A whole object's bytes, or undefined for a missing key. One GET.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export async function getObject(
  target: Target,
  key: string,
  maxBytes: number,
  task: Task,
): Promise<Reading | undefined> {
  const object = await request(target, key, maxBytes, task, undefined, false);
  return typeof object === "object" ? toReading(object) : undefined;
}

/**
 * The same for a read that runs alone. A large body is read over several connections, at the cost of further GETs
 * (ranged-get.ts). With `ifNoneMatch`, S3 compares the ETags, and the result is "unchanged" if the object still has
 * that ETag. If the 304 response names another ETag, one more GET is sent, without the condition.
 */
export async function getObjectAlone(
  target: Target,
  { key, maxBytes, ifNoneMatch }: Omit<Call<"get">, "op">,
  task: Task,
): Promise<Reading | "unchanged" | undefined> {
  const object = await request(target, key, maxBytes, task, ifNoneMatch, true);
  return typeof object === "object" ? toReading(object) : object;
}

/** The same as getObject, after a pause. */
export async function getObjectToChange(
  target: Target,
  { key, maxBytes, delayMs }: Omit<Call<"read">, "op">,
  task: Task,
): Promise<Reading | undefined> {
  if (delayMs > 0) await pause(delayMs, task.signal);
  return getObject(target, key, maxBytes, task);
}

async function request(
  target: Target,
  key: string,
  maxBytes: number,
  task: Task,
  ifNoneMatch: string | undefined,
  isAlone: boolean,
): Promise<GotObject | "unchanged" | undefined> {
  const { client } = target;
  const { concurrency } = target.settings;
  const object = keyInput(target, key);
  const input = ifNoneMatch === undefined ? object : { ...object, IfNoneMatch: ifNoneMatch };
  const byRanges = isAlone && concurrency > 1 ? inParts(client, object, concurrency, task) : undefined;
  const tried = await directAttempt(client, input, getting(input, maxBytes, byRanges), task);
  if (tried.result !== undefined) {
    target.bucketProved = true;
    return tried.result.object;
  }
  const command = replay(new sdk.GetObjectCommand(input), tried);
  if (byRanges !== undefined) readInParts(command, maxBytes, byRanges);
  const bytes = readWhole(command, maxBytes);
  try {
    const output = await client.send(command, task);
    checkIsWhole(output);
    target.bucketProved = true;
    return { ...output, Metadata: output.Metadata ?? {}, body: bytes() };
  } catch (error) {
    if (ifNoneMatch !== undefined && statusOf(error) === 304) {
      if (isAboutAnother(error as SdkError, ifNoneMatch))
        return request(target, key, maxBytes, task, undefined, isAlone);
      target.bucketProved = true;
      return "unchanged";
    }
    if (!isNoSuchKey(error)) throw error;
    target.bucketProved = true;
    return undefined;
  }
}

// A cache on the way may have sent its own ETag, and passed on the response.
function isAboutAnother({ $response }: SdkError, etag: string): boolean {
  const told = $response?.headers?.["etag"];
  return told !== undefined && unquote(told) !== unquote(etag);
}

/** The parts of a response that cross to the calling thread. */
export function toReading(object: GotObject): Reading {
  const { body, ETag: etag, ContentEncoding, Metadata } = object;
  const version = { etag: unquote(etag), writes: writesIn(Metadata) };
  const contentEncoding = withoutChunked(ContentEncoding);
  const lastModified = object.LastModified?.getTime();
  const read = { body, etag, version, lastModified, kept: keptOf(object) };
  return contentEncoding === undefined ? read : { ...read, contentEncoding };
}

/** The headers and metadata that a changed value keeps. */
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

// Some services store the transfer encoding of the upload. If it were sent again, it would describe the new body
// wrongly.
export function withoutChunked(contentEncoding: string | undefined): string | undefined {
  if (contentEncoding?.includes("aws-chunked") !== true) return contentEncoding;
  const codings = contentEncoding.split(",").filter((coding) => coding.trim() !== "aws-chunked");
  return codings.length === 0 ? undefined : codings.join(",").trim();
}
