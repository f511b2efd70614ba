import { randomBytes } from "node:crypto";
import { MAX_KEY_BYTES } from "../../../arguments/keys.js";
import { toFailure } from "../../failure.js";
import { OperationError } from "../../operation-error.js";
import { isAmbiguous } from "../attempts/ambiguous.js";
import type { Quoting } from "../etag.js";
import { deleteObject } from "../operations/delete-object.js";
import { isAwsOrLocal } from "../target.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { CLEARING_MS, keyLeft, trialCutOff, tryConditions, unsupported } from "./trial.js";
import type { Method } from "./trial.js";

/** With a random suffix of at least this length, a key cannot be another program's key. */
const LEAST_RANDOM = 8;

/** Nothing was sent, because the service must first pass a trial. */
class NotTried extends Error {}

/**
 * Sends a conditional write with ETags in the form that the service expects. AWS and the local S3 honour conditions.
 * Any other service must first pass a trial.
 *
 * @param send - calls `check` with the host of the request, before anything is sent
 */
export async function sendAsWanted(
  target: Target,
  method: Method,
  prefix: string,
  task: Task,
  send: (quoting: Quoting, check: (hostname: string) => void) => Promise<void>,
): Promise<void> {
  const found = target.conditions[method];
  if (found instanceof OperationError) throw found;
  try {
    return await send(found ?? "quoted", (hostname) => {
      if (found === undefined && !isAwsOrLocal(target, hostname)) throw new NotTried();
    });
  } catch (error) {
    if (!(error instanceof NotTried)) throw error;
  }
  const trial = { ...task, doubt: undefined };
  // A service may first check the condition of a DELETE, and then delete whatever is there in a second step. No trial can
  // detect that. But the known services that do so do not honour the conditions of a PUT either.
  await learn(target, "put", prefix, trial);
  if (method !== "put") await learn(target, "delete", prefix, trial);
  // Only a rename sends this condition, and it deletes the source afterwards.
  if (method === "copy") await learn(target, "copy", prefix, trial);
  await sendAsWanted(target, method, prefix, task, send);
}

/** Runs a trial to find out whether the service honours a method's conditions, unless that is known. */
async function learn(target: Target, method: Method, prefix: string, task: Task): Promise<void> {
  const { conditions } = target;
  const known = conditions[method];
  if (known instanceof OperationError) throw known;
  if (known !== undefined) return;
  await clearLeft(target, prefix, task);
  await tryConditions(method, target, keyForTrial(target, prefix), task, conditions);
}

/** A key under the map's own prefix, because a trial must not touch any other keys. */
function keyForTrial({ conditions }: Target, prefix: string): string {
  // One key is enough, however often its deletion is rejected. A key whose deletion may still happen is not used again,
  // because the deletion would spoil the trial.
  for (const [key, deletion] of conditions.left)
    if (deletion === "rejected" && key.startsWith(prefix)) return key;
  const room = MAX_KEY_BYTES - Buffer.byteLength(prefix);
  if (room < LEAST_RANDOM)
    throw unsupported("the prefix leaves no room for the key with which the library tests conditions");
  return prefix + `.s3bucketmap-check-${randomBytes(12).toString("base64url")}`.slice(-room);
}

/**
 * Deletes keys that earlier trials may have left. This runs in parallel with a call that needs no trial and does not
 * wait for it. At most one DELETE for each such key.
 */
export function clearLeftInBackground(target: Target, method: Method, prefix: string): void {
  const { conditions } = target;
  if (conditions[method] === undefined || conditions.left.size === 0) return;
  const clearing = { signal: AbortSignal.timeout(CLEARING_MS), doubt: undefined };
  void clearLeft(target, prefix, clearing).catch(() => {});
}

/**
 * Deletes the keys of earlier trials, under a prefix, of which it is unknown whether they were deleted. Throws if it
 * stays unknown.
 */
async function clearLeft(target: Target, prefix: string, task: Task): Promise<void> {
  const { left } = target.conditions;
  for (const [key, deletion] of [...left]) {
    if (deletion !== "unsure" || !key.startsWith(prefix)) continue;
    try {
      await deleteObject(target, key, task);
      left.delete(key);
    } catch (error) {
      if (task.signal.aborted) throw trialCutOff(key);
      if (isAmbiguous(error as Error)) throw keyLeft(key, toFailure(error, false));
      left.set(key, "rejected");
    }
  }
}
