import type { Readable } from "node:stream";
import type { GetObjectCommand, HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import type { Head, Version } from "../../../bridge/protocol.js";
import { BadAnswer, checkEtag, checkIsWhole } from "../bad-answers.js";
import { withoutWrites, writesIn } from "../conditional/write-id.js";
import { directAttempt } from "../direct/direct-attempt.js";
import { heading, probing, wholeLength } from "../direct/reads.js";
import type { Found } from "../direct/reads.js";
import { replay } from "../direct/replay.js";
import { unquote } from "../etag.js";
import { isNoSuchKey, statusOf } from "../sdk-errors.js";
import type { SdkError } from "../sdk-errors.js";
import { sdk } from "../sdk.js";
import { keyInput } from "../bucket-input.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";

/**
 * The headers of an object, or undefined for a missing key. One HEAD. If the HEAD fails, or its response does not
 * contain the size, one GET of the first byte. The whole body is never requested.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
export async function headObject(target: Target, key: string, task: Task): Promise<Head | undefined> {
  let output = await head(target, key, task);
  if (output !== false && output.ContentLength === undefined) output = await getFirstByte(target, key, task);
  return output === false ? undefined : toHead(output);
}

/** @throws BadAnswer if the size is missing */
export function toHead(output: Found): Head {
  if (output.ContentLength === undefined)
    throw new BadAnswer("no response contains the size of the object", {});
  return {
    size: output.ContentLength,
    etag: (output.ETag ?? "").replace(/^W\//, ""),
    lastModified: output.LastModified?.getTime() ?? NaN,
    contentType: output.ContentType,
    contentEncoding: output.ContentEncoding,
    cacheControl: output.CacheControl,
    metadata: withoutWrites(output.Metadata),
  };
}

/** The version of an object that is stored, or undefined for a missing key. One HEAD. */
export async function headVersion(target: Target, key: string, task: Task): Promise<Version | undefined> {
  const output = await head(target, key, task);
  return output === false ? undefined : versionOf(output);
}

export function versionOf({ ETag = "", Metadata }: Found): Version {
  return { etag: unquote(ETag), writes: writesIn(Metadata) };
}

/** Whether a key exists. One HEAD. */
export async function objectExists(target: Target, key: string, task: Task): Promise<boolean> {
  return (await head(target, key, task)) !== false;
}

/** All headers of an object, or false for a missing key. One HEAD. */
export async function head(target: Target, key: string, task: Task): Promise<Found | false> {
  const { client } = target;
  const input = keyInput(target, key);
  const tried = await directAttempt(client, input, heading(input), task);
  if (tried.result !== undefined) {
    if (tried.result.head === false && !target.bucketProved) return getFirstByte(target, key, task);
    target.bucketProved = true;
    return tried.result.head;
  }
  const command = replay(new sdk.HeadObjectCommand(input), tried);
  let output: HeadObjectCommandOutput;
  try {
    output = await client.send(command, task);
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined) throw error;
    // S3's own response has a request id. A response without one may come from a proxy, and says nothing about the key.
    // If a service sends no ids, the two cannot be told apart, and each missing key costs the GET.
    const isS3s = Boolean((error as SdkError).$metadata?.requestId);
    if (status === 404 && target.bucketProved && isS3s) return false;
    return getFirstByte(target, key, task);
  }
  checkIsWhole(output);
  target.bucketProved = true;
  return output;
}

/**
 * The headers of an object, from a GET of its first byte; false for a missing key. It needs no permission other than
 * s3:GetObject. Unlike the response to a HEAD, the response has a body that names the reason of a failure. So a missing
 * bucket can be told from a missing key, and an expired token from a denial. An empty object has no first byte. One
 * more GET then requests the whole object.
 */
async function getFirstByte(target: Target, key: string, task: Task): Promise<Found | false> {
  const whole = keyInput(target, key);
  const input = { ...whole, Range: "bytes=0-0" };
  const tried = await directAttempt(target.client, input, probing(input), task);
  if (tried.result !== undefined) {
    target.bucketProved = true;
    return tried.result.found;
  }
  try {
    return await foundBy(target, replay(new sdk.GetObjectCommand(input), tried), task);
  } catch (error) {
    if (statusOf(error) !== 416) throw error;
    return foundBy(target, new sdk.GetObjectCommand(whole), task, isEmpty);
  }
}

/** @param isKnownEmpty - checks a body whose length is unknown */
async function foundBy(
  target: Target,
  command: GetObjectCommand,
  task: Task,
  isKnownEmpty?: (body: Readable) => Promise<boolean>,
): Promise<Found | false> {
  try {
    const { Body, ...output } = await target.client.send(command, task);
    const body = Body as Readable;
    if (output.ContentLength === undefined && (await isKnownEmpty?.(body)) === true) output.ContentLength = 0;
    body.on("error", () => {}).destroy();
    checkEtag(output);
    target.bucketProved = true;
    const { ContentRange, ContentLength, ...found } = output;
    const size = ContentRange === undefined ? ContentLength : wholeLength(ContentRange);
    return size === undefined ? found : { ...found, ContentLength: size };
  } catch (error) {
    if (!isNoSuchKey(error)) throw error;
    target.bucketProved = true;
    return false;
  }
}

async function isEmpty(body: Readable): Promise<boolean> {
  for await (const chunk of body as AsyncIterable<Uint8Array>) if (chunk.length > 0) return false;
  return true;
}
