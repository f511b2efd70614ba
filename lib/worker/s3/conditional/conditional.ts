import { sdk } from "../sdk.js";
import { WRITES_NAME } from "../../../bridge/protocol.js";
import type { ObjectToStore, Verdict, Version } from "../../../bridge/protocol.js";
import { OperationError } from "../../operation-error.js";
import { checkDelete, checkPut, isKnown, keyOfTrial, NoRoomForTrial, quote } from "./conditions.js";
import { Doubt, withoutDoubt } from "../attempts/doubt.js";
import { headVersion } from "../operations/head-object.js";
import { beforeSending, sendOnce } from "../attempts/send-once.js";
import { pause } from "../pause.js";
import { putCommand } from "../operations/put-object.js";
import { clearLeft, clearLeftBeside, TrialCutOff, TrialFailed, TrialLeft } from "./trial.js";
import type { Quoting, Target } from "../target.js";
import { CONFLICT } from "../attempts/watch-attempts.js";
import { isAmbiguous } from "../attempts/ambiguous.js";
import { BadAnswer } from "../bad-answers.js";
import { historyOf, isNamed, isUntouched, newWriteId } from "./write-id.js";

/** What an object's user metadata may have in all. */
const MAX_METADATA_BYTES = 2048;

/** How often a conditional write goes out at most, while nothing has changed. */
const MAX_SENT = 5;

/** How often it is asked what became of it, each time with the tries of any request. */
const MAX_LOOKS = 3;

/** The state that a conditional write is to replace, and where a service may be tried first. */
interface Condition {
  /** Without an ETag: the key must be missing. */
  base: Version;
  /** The map's. */
  prefix: string;
}

/**
 * Stores an object where the key is still as `base` says. One PUT, and for each that ends without one knowing how
 * one HEAD, which decides by the write's id. For a service other than AWS a trial before the first one, and one HEAD more
 * where it is refused: that is believed, unless the write's id is there all the same.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export async function storeIf(
  target: Target,
  { key, body, headers, base, prefix }: ObjectToStore & Condition,
  signal: AbortSignal,
): Promise<Verdict> {
  const used = Object.entries(headers.metadata ?? {}).reduce((sum, [n, v]) => sum + n.length + v.length, 0);
  const ids: string[] = [];
  let maySendTwice = false;
  const send: Send = async (doubt, quoting, checked) => {
    // One that comes late must not be taken for another.
    const id = newWriteId();
    ids.push(id);
    const history = historyOf(id, base, MAX_METADATA_BYTES - used);
    const marked = { ...headers, metadata: { ...headers.metadata, [WRITES_NAME]: history } };
    const command = putCommand(target, key, body, marked);
    if (base.etag === undefined) command.input.IfNoneMatch = "*";
    else command.input.IfMatch = quote(base.etag, quoting);
    beforeSending(command, (hostname) => {
      maySendTwice = !isKnown(target, hostname);
      if (!checked && maySendTwice) throw new NotKnown();
    });
    const { client } = target;
    const output = await sendOnce(command, doubt, () => client.send(command, { abortSignal: signal }));
    if (output.ETag === undefined) throw new BadAnswer("the answer has no ETag", output.$metadata);
  };
  clearBeside(target, "put", prefix);
  const verdict = await decide(target, key, base, signal, ids, (doubt) =>
    asWanted(target, "put", doubt, () => learn(target, "put", prefix, signal), send),
  );
  if (!maySendTwice || verdict === "done") return verdict;
  // A proxy before the service sends a PUT again whose answer it has lost: then it was this write that came first.
  const { now } = await look(target, key, signal);
  return isNamed(ids, now) ? "done" : verdict;
}

/**
 * Deletes an object where it is still as `base` says. One DELETE; otherwise as {@link storeIf}.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
 */
export async function removeIf(
  target: Target,
  { key, base, prefix }: Condition & { key: string },
  signal: AbortSignal,
): Promise<Verdict> {
  const { client, settings } = target;
  const send: Send = async (doubt, quoting, checked) => {
    const command = new sdk.DeleteObjectCommand({
      Bucket: settings.bucket,
      Key: key,
      IfMatch: quote(base.etag ?? "", quoting),
      ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
    });
    beforeSending(command, (hostname) => {
      if (!checked && !isKnown(target, hostname)) throw new NotKnown();
    });
    await sendOnce(command, doubt, () => client.send(command, { abortSignal: signal }));
  };
  // It leaves no id behind: where the key is gone, it may have been somebody else's DELETE.
  clearBeside(target, "delete", prefix);
  return decide(target, key, base, signal, [], (doubt) =>
    asWanted(target, "delete", doubt, () => learnBoth(target, prefix, signal), send),
  );
}

/** @param ids - of what has been sent */
async function decide(
  target: Target,
  key: string,
  base: Version,
  signal: AbortSignal,
  ids: readonly string[],
  send: (doubt: Doubt) => Promise<void>,
): Promise<Verdict> {
  let unknown: Error | undefined;
  for (let sent = 1; ; sent += 1) {
    const doubt = new Doubt();
    try {
      await send(doubt);
      target.bucketProved = true;
      return "done";
    } catch (error) {
      const refused = verdictOf(error, base);
      if (refused === undefined) {
        // A definite no to this sending; an earlier one may have been carried out.
        if (!doubt.exists || signal.aborted) throw unknown ?? error;
        unknown ??= error as Error;
      } else if (unknown === undefined && refused !== "conflict") return refused;
    }
    if (unknown !== undefined) {
      const { cause, now } = await look(target, key, signal);
      if (cause !== undefined) throw unknown;
      if (isNamed(ids, now)) return "done";
      if (!isUntouched(now, base)) throw unknown;
    }
    // All is as it was before, so it is sent again.
    if (sent === MAX_SENT) {
      if (unknown !== undefined) throw unknown;
      return "conflict";
    }
    await pause(Math.random() * 50 * 2 ** sent, signal);
  }
}

// All depends on this answer, so it is asked for more often than others where it is lost.
async function look(
  target: Target,
  key: string,
  signal: AbortSignal,
): Promise<{ now?: Version | undefined; cause?: unknown }> {
  for (let asked = 1; ; asked += 1) {
    try {
      return { now: await headVersion(target, key, signal) };
    } catch (cause) {
      if (asked === MAX_LOOKS || signal.aborted || !(cause instanceof Error) || !isAmbiguous(cause))
        return { cause };
    }
    await pause(Math.random() * 50 * 2 ** asked, signal);
  }
}

/** What S3's refusal means; undefined where it is none of the condition. */
function verdictOf(error: unknown, base: Version): Verdict | undefined {
  const { name, $metadata } = error as { name?: unknown; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  if (status === 412) return base.etag === undefined ? "exists" : "changed";
  // Somebody else's write or deletion of the key was under way at the same time; nothing was done.
  if (status === 409 || name === CONFLICT) return "conflict";
  if (status === 404 && name === "NoSuchKey" && base.etag !== undefined) return "missing";
  return undefined;
}

/** A service of which it is not known whether it keeps to conditions; nothing has been sent to it. */
class NotKnown extends Error {}

type Method = "put" | "delete";
type Send = (doubt: Doubt, quoting: Quoting, checked: boolean) => Promise<void>;

/** Sends as the service wants it, which is learnt first where it is not known. */
async function asWanted(
  target: Target,
  method: Method,
  doubt: Doubt,
  learning: () => Promise<void>,
  send: Send,
): Promise<void> {
  const found = target.conditions[method];
  if (found instanceof OperationError) throw found;
  try {
    return await send(doubt, found ?? "quoted", found !== undefined);
  } catch (error) {
    if (!(error instanceof NotKnown)) throw error;
  }
  await withoutDoubt(learning);
  await asWanted(target, method, doubt, learning, send);
}

// Some look at the object and then delete what is there by then. No trial shows that; of those that are known to do so,
// none keeps to the conditions of a PUT.
async function learnBoth(target: Target, prefix: string, signal: AbortSignal): Promise<void> {
  await learn(target, "put", prefix, signal);
  await learn(target, "delete", prefix, signal);
}

/** Finds out by a trial whether the service keeps to a method's conditions, unless that is known. */
async function learn(target: Target, method: Method, prefix: string, signal: AbortSignal): Promise<void> {
  const { conditions } = target;
  const known = conditions[method];
  if (known instanceof OperationError) throw known;
  if (known !== undefined) return;
  await clearLeft(target, prefix, signal);
  const check = method === "put" ? checkPut : checkDelete;
  try {
    conditions[method] = await check(target, keyOfTrial(target, prefix), signal, true);
  } catch (error) {
    if (error instanceof TrialLeft || error instanceof TrialCutOff) {
      if (error.found !== undefined) conditions[method] = error.found;
    }
    // That it does not keep to them stays so; anything else may be over the next time.
    const mayBeOver = error instanceof NoRoomForTrial || error instanceof TrialFailed;
    if (error instanceof OperationError && !mayBeOver) conditions[method] = error;
    throw error;
  }
}

/** Deletes what a trial may have left, where no further trial does so. The call need not wait for it. */
function clearBeside(target: Target, method: Method, prefix: string): void {
  const { conditions } = target;
  if (conditions[method] === undefined || conditions.left.size === 0) return;
  withoutDoubt(() => clearLeftBeside(target, prefix));
}
