import { sdk } from "../sdk.js";
import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import type { Head, Version } from "../../../bridge/protocol.js";
import { unquote } from "../conditional/conditions.js";
import { directAttempt } from "../direct/direct-attempt.js";
import { heading } from "../direct/reads.js";
import type { Found } from "../direct/reads.js";
import { replay } from "../direct/replay.js";
import { askForByte, askWhy } from "./missing.js";
import type { Target } from "../target.js";
import { BadAnswer } from "../bad-answers.js";
import { withoutWrites, writesIn } from "../conditional/write-id.js";

/**
 * What is known of an object, or undefined where there is no such key. One HEAD, never the body; where that fails, or
 * does not tell the size, one GET of the first byte.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
export async function headObject(
  target: Target,
  key: string,
  signal: AbortSignal,
): Promise<Head | undefined> {
  let output = await head(target, key, signal);
  if (output !== false && output.ContentLength === undefined) output = await askForByte(target, key, signal);
  if (output === false) return undefined;
  if (output.ContentLength === undefined) throw new BadAnswer("no answer tells the size of the object", {});
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

/** What says which state of an object it is, or undefined where there is no such key. One HEAD. */
export async function headVersion(
  target: Target,
  key: string,
  signal: AbortSignal,
): Promise<Version | undefined> {
  const output = await head(target, key, signal);
  return output === false
    ? undefined
    : { etag: unquote(output.ETag ?? ""), writes: writesIn(output.Metadata) };
}

/** Whether a key exists. One HEAD. */
export async function objectExists(target: Target, key: string, signal: AbortSignal): Promise<boolean> {
  return (await head(target, key, signal)) !== false;
}

async function head(target: Target, key: string, signal: AbortSignal): Promise<Found | false> {
  const { client, settings } = target;
  const input = {
    Bucket: settings.bucket,
    Key: key,
    ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
  };
  const tried = await directAttempt(client, input, heading(input), signal);
  if (tried.result !== undefined) {
    if (tried.result.head === false && !target.bucketProved) return askForByte(target, key, signal);
    target.bucketProved = true;
    return tried.result.head;
  }
  const command = replay(new sdk.HeadObjectCommand(input), tried);
  let output: HeadObjectCommandOutput;
  try {
    output = await client.send(command, { abortSignal: signal });
  } catch (error) {
    return askWhy(target, key, error, signal);
  }
  if (output.ETag === undefined) throw new BadAnswer("the answer has no ETag", output.$metadata);
  target.bucketProved = true;
  return output;
}
