import { sdk } from "../sdk.js";
import { deleting } from "../direct/writes.js";
import { directAttempt } from "../direct/direct-attempt.js";
import { replay } from "../direct/replay.js";
import { keyInput } from "../bucket-input.js";
import { isNoSuchKey } from "../sdk-errors.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";

/**
 * Deletes a key. S3 sends the same response whether the key existed or not. One DELETE.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
 */
export async function deleteObject(target: Target, key: string, task: Task): Promise<undefined> {
  const { client } = target;
  const input = keyInput(target, key);
  const tried = await directAttempt(client, input, deleting(input), task);
  if (tried.result === undefined) {
    try {
      await client.send(replay(new sdk.DeleteObjectCommand(input), tried), task);
    } catch (error) {
      // Some services answer NoSuchKey for a missing key. The key does not exist, which is what the call wants.
      if (!isNoSuchKey(error)) throw error;
    }
  }
  target.bucketProved = true;
  return undefined;
}
