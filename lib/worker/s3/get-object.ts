import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { Reading } from "../../bridge/protocol.js";
import { unquote } from "./conditions.js";
import { isMissing } from "./missing.js";
import type { Target } from "./s3.js";
import { BadAnswer } from "./tries.js";
import { readWhole } from "./whole-body.js";
import { writesIn } from "./write-id.js";

/**
 * A whole object's bytes, or undefined where there is no such key. One GET.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export async function getObject(
  target: Target,
  key: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  return (await readObject(target, key, maxBytes, signal))?.body;
}

/** The same, with what says which state of the object it is. One GET. */
export async function readObject(
  target: Target,
  key: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Reading | undefined> {
  const { client, settings } = target;
  const command = new GetObjectCommand({
    Bucket: settings.bucket,
    Key: key,
    ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
  });
  const bytes = readWhole(command, maxBytes);
  let etag: string;
  let writes: string[];
  try {
    const output = await client.send(command, { abortSignal: signal });
    if (output.ETag === undefined) throw new BadAnswer("the answer has no ETag", output.$metadata);
    etag = unquote(output.ETag);
    writes = writesIn(output.Metadata);
  } catch (error) {
    if (!isMissing(target, error)) throw error;
    return undefined;
  }
  target.bucketProved = true;
  return { body: bytes(), version: { etag, writes } };
}
