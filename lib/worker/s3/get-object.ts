import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import type { Read } from "../../bridge/protocol.js";
import { isMissing, statusOf } from "./missing.js";
import type { Target } from "./s3.js";
import { BadAnswer } from "./tries.js";
import { readWhole } from "./whole-body.js";

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
  ifNoneMatch?: string,
): Promise<Read | "unchanged" | undefined> {
  const { client, settings } = target;
  const command = new GetObjectCommand({
    Bucket: settings.bucket,
    Key: key,
    ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch }),
    ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
  });
  const bytes = readWhole(command, maxBytes);
  let output: GetObjectCommandOutput;
  try {
    output = await client.send(command, { abortSignal: signal });
    if (output.ETag === undefined) throw new BadAnswer("the answer has no ETag", output.$metadata);
  } catch (error) {
    if (ifNoneMatch !== undefined && statusOf(error) === 304) {
      target.bucketProved = true;
      return "unchanged";
    }
    if (!isMissing(target, error)) throw error;
    return undefined;
  }
  target.bucketProved = true;
  const { ETag: etag, ContentEncoding: contentEncoding } = output;
  return { body: bytes(), etag, ...(contentEncoding === undefined ? {} : { contentEncoding }) };
}
