import { randomBytes } from "node:crypto";
import { MAX_KEY_BYTES } from "../../../arguments/keys.js";
import { toFailure } from "../../failure.js";
import { OperationError } from "../../operation-error.js";
import { isAmbiguous } from "../attempts/ambiguous.js";
import { withoutDoubt } from "../attempts/doubt.js";
import { isAws } from "../direct/predicted-route.js";
import type { Quoting } from "../etag.js";
import { deleteObject } from "../operations/delete-object.js";
import type { Target } from "../target.js";
import { CLEARING_MS, keyLeft, trialCutOff, tryConditions, unsupported } from "./trial.js";
import type { Method } from "./trial.js";

/** A random end of this length cannot be somebody else's key. */
const LEAST_RANDOM = 8;

/** Nothing was sent: it is not known whether the service keeps to conditions. */
class NotKnown extends Error {}

/**
 * Sends a conditional write with ETags as the service wants them. AWS and the local S3 keep to conditions; any other service
 * has to show it first, in a trial.
 *
 * @param send - calls `check` before anything leaves, with the host that the request is for
 */
export async function sendAsWanted(
  target: Target,
  method: Method,
  prefix: string,
  signal: AbortSignal,
  send: (quoting: Quoting, check: (hostname: string) => void) => Promise<void>,
): Promise<void> {
  const found = target.conditions[method];
  if (found instanceof OperationError) throw found;
  try {
    return await send(found ?? "quoted", (hostname) => {
      const isKnown = found !== undefined || target.settings.local !== undefined || isAws(hostname);
      if (!isKnown) throw new NotKnown();
    });
  } catch (error) {
    if (!(error instanceof NotKnown)) throw error;
  }
  await withoutDoubt(async () => {
    // A service may check the condition of a DELETE first, and delete in a second step whatever is there then. No trial shows
    // that. But the services known for it do not keep to the conditions of a PUT either.
    await learn(target, "put", prefix, signal);
    if (method !== "put") await learn(target, "delete", prefix, signal);
    // Only a rename has this condition, and it deletes afterwards.
    if (method === "copy") await learn(target, "copy", prefix, signal);
  });
  await sendAsWanted(target, method, prefix, signal, send);
}

/** Has a trial find out whether the service keeps to a method's conditions, unless that is known. */
async function learn(target: Target, method: Method, prefix: string, signal: AbortSignal): Promise<void> {
  const { conditions } = target;
  const known = conditions[method];
  if (known instanceof OperationError) throw known;
  if (known !== undefined) return;
  await clearLeft(target, prefix, signal);
  await tryConditions(method, target, keyForTrial(target, prefix), signal, conditions);
}

/** A key under the map's own prefix, for nothing else may be touched. */
function keyForTrial({ conditions }: Target, prefix: string): string {
  // One key is enough, however often deleting it is refused. If its deletion may still happen, it would spoil a trial.
  for (const [key, deletion] of conditions.left)
    if (deletion === "refused" && key.startsWith(prefix)) return key;
  const room = MAX_KEY_BYTES - Buffer.byteLength(prefix);
  if (room < LEAST_RANDOM) throw unsupported("the prefix is too long for a key to try conditions on");
  return prefix + `.s3bucketmap-check-${randomBytes(12).toString("base64url")}`.slice(-room);
}

/**
 * Deletes what earlier trials may have left, in parallel with a call that needs no trial and does not wait for it. At most
 * one DELETE for each such key.
 */
export function clearLeftInBackground(target: Target, method: Method, prefix: string): void {
  const { conditions } = target;
  if (conditions[method] === undefined || conditions.left.size === 0) return;
  withoutDoubt(() => void clearLeft(target, prefix, AbortSignal.timeout(CLEARING_MS)).catch(() => {}));
}

/** Deletes the trials' keys under a prefix that may or may not have been deleted; throws if that stays unknown. */
async function clearLeft(target: Target, prefix: string, signal: AbortSignal): Promise<void> {
  const { left } = target.conditions;
  for (const [key, deletion] of [...left]) {
    if (deletion !== "unsure" || !key.startsWith(prefix)) continue;
    try {
      await deleteObject(target, key, signal);
      left.delete(key);
    } catch (error) {
      if (signal.aborted) throw trialCutOff(key);
      if (isAmbiguous(error as Error)) throw keyLeft(key, toFailure(error, false));
      left.set(key, "refused");
    }
  }
}
