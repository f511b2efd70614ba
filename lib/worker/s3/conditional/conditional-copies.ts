import { toFailure } from "../../failure.js";
import { copiedOnly } from "../../../errors/copied-only.js";
import { OwnEtags } from "../../../errors/own-etags.js";
import { OperationError } from "../../operation-error.js";
import { MISSING, WRITES_NAME } from "../../../bridge/protocol.js";
import type { StoreResult, Version } from "../../../bridge/protocol.js";
import { checkHost, sendOnce } from "../attempts/send-once.js";
import { Doubt } from "../attempts/doubt.js";
import type { Found } from "../direct/reads.js";
import { quote } from "../etag.js";
import {
  copyInput,
  copyRefused,
  MAX_TURNS,
  pauseBefore,
  sendCopy,
  sourceChanged,
  sourceGone,
} from "../operations/copy-object.js";
import type { CopySource } from "../operations/copy-object.js";
import { head, objectExists, versionOf } from "../operations/head-object.js";
import { isNoSuchKey, statusOf } from "../sdk-errors.js";
import { sdk } from "../sdk.js";
import { keyInput } from "../bucket-input.js";
import { isAwsOrLocal } from "../target.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { decide, MAX_METADATA_BYTES, metadataBytes, removeIf } from "./conditional.js";
import { sendAsWanted } from "./conditions.js";
import { historyOf, newWriteId } from "./write-id.js";

/** Nothing was sent, because the service may ignore If-None-Match of a CopyObject. No trial tests that. */
class OnlyByValue extends Error {}

/**
 * Copies an object within the service if the target is missing. One HEAD, one CopyObject; further requests like a
 * conditional write. Only AWS and the local S3 are known to honour this condition. On other services nothing is copied,
 * and the result is "by value".
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export async function copyIfAbsent(
  target: Target,
  source: CopySource,
  to: string,
  prefix: string,
  task: Task,
): Promise<boolean | "by value"> {
  const all = new Doubt(task.doubt);
  const etags = new OwnEtags();
  if (target.mayCopyOverExisting === true) return "by value";
  const check = (hostname: string): void => {
    if (!isAwsOrLocal(target, hostname)) throw new OnlyByValue();
  };
  for (let turn = 1; turn <= MAX_TURNS; turn += 1) {
    if (turn > 1) await pauseBefore(turn, task.signal);
    const found = await source.look();
    if (found === false) return sourceGone(all.exists);
    etags.given(versionOf(found));
    const ids: string[] = [];
    const send = async (doubt: Doubt): Promise<void> => {
      const id = newWriteId();
      ids.push(id);
      const input = copyInput(target, source, to, found);
      const room = MAX_METADATA_BYTES - metadataBytes(input.Metadata);
      input.Metadata = { ...input.Metadata, [WRITES_NAME]: historyOf(id, MISSING, room) };
      input.IfNoneMatch = "*";
      await sendCopy(target, input, found, { ...task, doubt }, undefined, {
        before: (command) => checkHost(command, check),
        last: (command, send) => sendOnce(command, doubt, send),
      });
    };
    try {
      const condition = { key: to, base: MISSING, prefix };
      const verdict = await decide(target, "put", condition, { ...task, doubt: all }, ids, send);
      if (verdict === "done") return true;
      // A 412 does not say which condition was not met: either the target exists, or the source has changed.
      if (verdict === "exists" && (await objectExists(target, to, task))) return false;
      etags.refused(verdict === "conflict" ? undefined : versionOf(found));
    } catch (error) {
      if (error instanceof OnlyByValue) {
        target.mayCopyOverExisting = true;
        return "by value";
      }
      if (isNoSuchKey(error)) return sourceGone(all.exists);
      throw error;
    }
  }
  throw etags.areRefused ? copyRefused(all.exists, ", and the target is missing") : sourceChanged(all.exists);
}

/**
 * Copies an object to another key, and deletes the source if it is still the same. One HEAD, one CopyObject, one
 * DELETE. A service other than AWS must first pass a trial. If the source changes in between, the rename is restarted.
 *
 * @returns whether the source existed
 */
export async function rename(
  target: Target,
  from: string,
  to: string,
  prefix: string,
  task: Task,
): Promise<boolean> {
  const look = (): Promise<Found | false> => head(target, from, task);
  const source = { bucket: target.settings.bucket, key: from, look };
  // Covers the copies sent after the last one that is known to have succeeded.
  let doubt = new Doubt(task.doubt);
  const etags = new OwnEtags();
  let isCopied = false;
  let mayBeGone = false;
  const afterCopy = (error: unknown): never => {
    if (!isCopied) throw error;
    // An earlier turn has made a copy.
    const { code, reason = code, ...details } = toFailure(error, doubt.exists);
    throw halfDone(code, reason, to, mayBeGone, details, doubt.exists ? "an earlier value" : "it");
  };
  for (let turn = 1; turn <= MAX_TURNS; turn += 1) {
    if (turn > 1) await pauseBefore(turn, task.signal);
    const found = await look().catch(afterCopy);
    // After a copy, this means that another program has deleted the source.
    if (found === false) return isCopied || sourceGone(doubt.exists);
    mayBeGone = false;
    etags.given(versionOf(found));
    const copying = { ...task, doubt };
    try {
      await sendAsWanted(target, "copy", prefix, copying, async (quoting, check) => {
        const input = copyInput(target, source, to, found);
        input.CopySourceIfMatch = quote(versionOf(found).etag ?? "", quoting);
        await sendCopy(target, input, found, copying, undefined, {
          before: (command) => checkHost(command, check),
        });
      });
    } catch (error) {
      if (isNoSuchKey(error)) return isCopied || sourceGone(doubt.exists);
      if (statusOf(error) === 412) {
        etags.refused(versionOf(found));
        continue;
      }
      return afterCopy(error);
    }
    isCopied = true;
    doubt = new Doubt(task.doubt);
    const base = versionOf(found);
    const { verdict, isUnsure } = await removeCopied(target, { key: from, base, to, prefix }, task);
    if (verdict === "done" || verdict === "missing") return true;
    mayBeGone = isUnsure === true;
    etags.refused(verdict === "conflict" ? undefined : base);
  }
  if (!isCopied) throw etags.areRefused ? copyRefused(doubt.exists) : sourceChanged(doubt.exists);
  if (mayBeGone && (await look().catch(afterCopy)) === false) return true;
  const { code, reason } = etags.failureAfter(MAX_TURNS);
  throw halfDone(code, reason, to, false);
}

/**
 * Deletes the source of a finished copy, if the source is still the same. One DELETE.
 *
 * @throws an error which says that the copy was made
 */
export async function removeCopied(
  target: Target,
  { key, base, to, prefix }: { key: string; base: Version; to: string; prefix: string },
  task: Task,
): Promise<StoreResult> {
  const doubt = new Doubt(task.doubt);
  try {
    return await removeIf(target, { key, base, prefix }, { ...task, doubt });
  } catch (error) {
    // The source is gone, whether this call or another program has deleted it.
    if (doubt.exists && !task.signal.aborted && (await isGone(target, key, task)))
      return { verdict: "missing" };
    const { code, reason = code, ...details } = toFailure(error, false);
    throw halfDone(code, reason, to, doubt.exists, details);
  }
}

async function isGone(target: Target, key: string, task: Task): Promise<boolean> {
  try {
    return !(await objectExists(target, key, task));
  } catch {
    return false;
  }
}

/** The error of a rename that has made its copy. `isUnsure`: whether the source may have been deleted. */
function halfDone(
  code: string,
  reason: string,
  to: string,
  isUnsure: boolean,
  details: OperationError["details"] = {},
  what = "it",
): OperationError {
  const said = `${reason.replace(/[. ]+$/, "")}; ${copiedOnly(what, to, !isUnsure)}`;
  return new OperationError(code, said, { mayHaveBeenApplied: isUnsure, ...details });
}

/**
 * Makes sure that the service honours conditional deletes: a service other than AWS must first pass a trial. Then returns
 * whether the key exists. One HEAD, or two if it does not.
 */
export async function proveRename(target: Target, key: string, prefix: string, task: Task): Promise<boolean> {
  let exists = false;
  await sendAsWanted(target, "delete", prefix, task, async (_quoting, check) => {
    const command = new sdk.HeadObjectCommand(keyInput(target, key));
    checkHost(command, check);
    try {
      await target.client.send(command, task);
      exists = true;
    } catch (error) {
      if (statusOf(error) === undefined) throw error;
      // The response to a HEAD has no body that says why it failed.
      exists = await objectExists(target, key, task);
    }
  });
  return exists;
}
