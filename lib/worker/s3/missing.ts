import { GetObjectCommand } from "./sdk.js";
import type { Readable } from "node:stream";
import { firstTry } from "./first-try/first-try.js";
import { probing } from "./first-try/get.js";
import { replay } from "./first-try/replay.js";
import type { Target } from "./s3.js";

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
 * Why a HEAD was refused. Its answer has no body, so a missing bucket looks like a missing key, and an
 * expired token like a denial, and a slow-down like any other distress. One GET of a single byte is answered with the
 * reason; after a 404 it is only asked while nothing has proved the bucket.
 *
 * @returns whether the key exists; anything else is thrown
 */
export async function askWhy(
  target: Target,
  key: string,
  error: unknown,
  signal: AbortSignal,
): Promise<boolean> {
  const status = statusOf(error);
  if (status === undefined) throw error;
  // S3's own answer carries its request id; that of a proxy on the way says nothing of the key.
  if (status === 404 && target.bucketProved && hasRequestId(error)) return false;
  return askForByte(target, key, signal);
}

/** Whether a key exists. One GET of its first byte, which needs no other permission than s3:GetObject. */
export async function askForByte(target: Target, key: string, signal: AbortSignal): Promise<boolean> {
  const { client, settings } = target;
  const input = {
    Bucket: settings.bucket,
    Key: key,
    Range: "bytes=0-0",
    ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
  };
  const tried = await firstTry(client, input, probing(input), signal);
  if (tried.result !== undefined) {
    target.bucketProved = true;
    return tried.result.exists;
  }
  try {
    const command = replay(new GetObjectCommand(input), tried);
    const { Body } = await client.send(command, { abortSignal: signal });
    (Body as Readable | undefined)?.destroy();
  } catch (reason) {
    if (isMissing(target, reason)) return false;
    // An empty object has no first byte, but it is there.
    if (statusOf(reason) !== 416) throw reason;
  }
  target.bucketProved = true;
  return true;
}
