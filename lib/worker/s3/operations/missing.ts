import type { GetObjectCommand } from "@aws-sdk/client-s3";
import { sdk } from "../sdk.js";
import type { Readable } from "node:stream";
import { directAttempt } from "../direct/direct-attempt.js";
import { probing, wholeLength } from "../direct/reads.js";
import type { Found } from "../direct/reads.js";
import { replay } from "../direct/replay.js";
import type { Target } from "../target.js";
import { BadAnswer } from "../bad-answers.js";

interface Answered {
  name: string;
  $metadata?: { httpStatusCode?: number; requestId?: string };
}

export function statusOf(error: unknown): number | undefined {
  return (error as Partial<Answered>).$metadata?.httpStatusCode;
}

function hasRequestId(error: unknown): boolean {
  return Boolean((error as Partial<Answered>).$metadata?.requestId);
}

/** Whether a GET failed because there is no such key, which also proves that there is such a bucket. */
export function isMissing(target: Target, error: unknown): boolean {
  const missing = statusOf(error) === 404 && (error as Answered).name === "NoSuchKey";
  if (missing) target.bucketProved = true;
  return missing;
}

/**
 * What a HEAD did not tell. Its answer has no body, so a missing bucket looks like a missing key, and an
 * expired token like a denial, and a slow-down like any other distress. One GET of a single byte is answered with the
 * reason; after a 404 it is only asked while nothing has proved the bucket.
 *
 * @returns what is known of the object, or false where there is no such key; anything else is thrown
 */
export async function askWhy(
  target: Target,
  key: string,
  error: unknown,
  signal: AbortSignal,
): Promise<Found | false> {
  const status = statusOf(error);
  if (status === undefined) throw error;
  // S3's own answer carries its request id; that of a proxy on the way says nothing of the key. At a service that gives
  // none, the two cannot be told apart, so there each missing key costs the GET.
  if (status === 404 && target.bucketProved && hasRequestId(error)) return false;
  return askForByte(target, key, signal);
}

/**
 * What is known of an object, by a GET of its first byte, which needs no other permission than s3:GetObject; or false. An
 * empty object has no first byte, and where that is what S3 says a further GET asks for all of it.
 */
export async function askForByte(target: Target, key: string, signal: AbortSignal): Promise<Found | false> {
  const { client, settings } = target;
  const input = {
    Bucket: settings.bucket,
    Key: key,
    Range: "bytes=0-0",
    ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
  };
  const tried = await directAttempt(client, input, probing(input), signal);
  if (tried.result !== undefined) {
    target.bucketProved = true;
    return tried.result.found;
  }
  try {
    return await foundBy(target, replay(new sdk.GetObjectCommand(input), tried), signal);
  } catch (reason) {
    if (isMissing(target, reason)) return false;
    if (statusOf(reason) !== 416) throw reason;
  }
  const { Range: _, ...whole } = input;
  try {
    return await foundBy(target, new sdk.GetObjectCommand(whole), signal, isEmpty);
  } catch (reason) {
    if (isMissing(target, reason)) return false;
    throw reason;
  }
}

async function isEmpty(body: Readable): Promise<boolean> {
  for await (const chunk of body as AsyncIterable<Uint8Array>) if (chunk.length > 0) return false;
  return true;
}

/** @param isKnownEmpty - looks at a body whose length is not told */
async function foundBy(
  target: Target,
  command: GetObjectCommand,
  signal: AbortSignal,
  isKnownEmpty?: (body: Readable) => Promise<boolean>,
): Promise<Found> {
  const { Body, ...output } = await target.client.send(command, { abortSignal: signal });
  const body = Body as Readable;
  if (output.ContentLength === undefined && (await isKnownEmpty?.(body)) === true) output.ContentLength = 0;
  body.on("error", () => {}).destroy();
  if (output.ETag === undefined) throw new BadAnswer("the answer has no ETag", output.$metadata);
  target.bucketProved = true;
  const { ContentRange, ContentLength, ...found } = output;
  const size = ContentRange === undefined ? ContentLength : wholeLength(ContentRange);
  return size === undefined ? found : { ...found, ContentLength: size };
}
