import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { Reading } from "../../bridge/protocol.js";
import { unquote } from "./conditions.js";
import { isMissing, statusOf } from "./missing.js";
import type { Target } from "./s3.js";
import { BadAnswer } from "./tries.js";
import { readWhole } from "./whole-body.js";
import { writesIn } from "./write-id.js";

/**
 * A whole object's bytes, or undefined where there is no such key. One GET. With an ETag, which S3 compares,
 * "unchanged" where the object still has it.
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
): Promise<Reading | "unchanged" | undefined>;
export async function getObject(
  target: Target,
  key: string,
  maxBytes: number,
  signal: AbortSignal,
  ifNoneMatch?: string,
): Promise<Reading | "unchanged" | undefined> {
  const { client, settings } = target;
  const command = new GetObjectCommand({
    Bucket: settings.bucket,
    Key: key,
    ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch }),
    ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
  });
  const bytes = readWhole(command, maxBytes);
  let read: Omit<Reading, "body">;
  try {
    const output = await client.send(command, { abortSignal: signal });
    if (output.ETag === undefined) throw new BadAnswer("the answer has no ETag", output.$metadata);
    const { ETag: etag, ContentEncoding: contentEncoding } = output;
    const version = { etag: unquote(etag), writes: writesIn(output.Metadata) };
    read = { etag, version, ...(contentEncoding === undefined ? {} : { contentEncoding }) };
  } catch (error) {
    if (ifNoneMatch !== undefined && statusOf(error) === 304) {
      target.bucketProved = true;
      return "unchanged";
    }
    if (!isMissing(target, error)) throw error;
    return undefined;
  }
  target.bucketProved = true;
  return { ...read, body: bytes() };
}
