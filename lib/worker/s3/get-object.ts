import { GetObjectCommand } from "@aws-sdk/client-s3";
import { firstTry } from "./first-try/first-try.js";
import { getting } from "./first-try/get.js";
import { isMissing } from "./missing.js";
import type { Target } from "./s3.js";
import { BadAnswer } from "./tries.js";
import { readWhole } from "./whole-body.js";

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
  const { client, settings } = target;
  const command = new GetObjectCommand({
    Bucket: settings.bucket,
    Key: key,
    ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
  });
  const quick = await firstTry(client, command, getting(command.input, maxBytes), signal);
  if (quick !== undefined) {
    target.bucketProved = true;
    return quick.body;
  }
  const bytes = readWhole(command, maxBytes);
  try {
    const output = await client.send(command, { abortSignal: signal });
    if (output.ETag === undefined) throw new BadAnswer("the answer has no ETag", output.$metadata);
  } catch (error) {
    if (!isMissing(target, error)) throw error;
    return undefined;
  }
  target.bucketProved = true;
  return bytes();
}
