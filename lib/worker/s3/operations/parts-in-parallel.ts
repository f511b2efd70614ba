import { setMaxListeners } from "node:events";
import type { CompletedPart } from "@aws-sdk/client-s3";
import type { Client } from "../client.js";
import { follow } from "../follow.js";
import { sdk } from "../sdk.js";

/** The largest number of parts that S3 accepts. */
export const MAX_PARTS = 10_000;

/** How long aborting a failed upload may take. */
const ABORT_MS = 5000;

/**
 * Sends the parts of an upload, `atOnce` at a time. Rejects only when no part is in flight, because a part that arrives
 * after the upload was aborted would stay.
 *
 * @param send - called with the position of each part, from 0 on
 */
export async function partsInParallel(
  count: number,
  atOnce: number,
  signal: AbortSignal,
  send: (at: number, signal: AbortSignal) => Promise<CompletedPart>,
): Promise<CompletedPart[]> {
  const done = new Array<CompletedPart>(count);
  const failed = new AbortController();
  setMaxListeners(Infinity, failed.signal);
  const unfollow = follow(signal, failed);
  let first: { error: unknown } | undefined;
  let next = 0;
  const run = async (): Promise<void> => {
    for (let at = next++; at < done.length && first === undefined; at = next++) {
      try {
        done[at] = await send(at, failed.signal);
      } catch (error) {
        first ??= { error };
        failed.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, run));
  unfollow();
  if (first !== undefined) throw first.error;
  return done;
}

/** Aborts an upload that has failed. Its parts cost money until then. */
export async function abortUpload(
  client: Client,
  upload: { Bucket: string; Key: string; UploadId: string },
): Promise<void> {
  const command = new sdk.AbortMultipartUploadCommand(upload);
  const task = { signal: AbortSignal.timeout(ABORT_MS), doubt: undefined };
  await client.send(command, task).catch(() => {});
}
