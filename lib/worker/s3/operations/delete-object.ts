import { sdk } from "../sdk.js";
import { deleting } from "../direct/writes.js";
import { directAttempt } from "../direct/direct-attempt.js";
import { replay } from "../direct/replay.js";
import type { Target } from "../target.js";

/**
 * Makes sure that a key is gone; S3 answers the same whether it was there or not. One DELETE.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
 */
export async function deleteObject(target: Target, key: string, signal: AbortSignal): Promise<undefined> {
  const { client, settings } = target;
  const input = {
    Bucket: settings.bucket,
    Key: key,
    ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
  };
  const tried = await directAttempt(client, input, deleting(input), signal);
  if (tried.result === undefined) {
    try {
      await client.send(replay(new sdk.DeleteObjectCommand(input), tried), { abortSignal: signal });
    } catch (error) {
      // Some services say so of a key that is not there. It is gone, as wanted.
      if (!(error instanceof Error) || error.name !== "NoSuchKey") throw error;
    }
  }
  target.bucketProved = true;
  return undefined;
}
