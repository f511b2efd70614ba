import { WRITES_NAME } from "../../../bridge/protocol.js";
import type { Call } from "../../../bridge/operations.js";
import type { StoreResult, Verdict, Version } from "../../../bridge/protocol.js";
import { isAmbiguous } from "../attempts/ambiguous.js";
import type { RequestError } from "../attempts/ambiguous.js";
import { Doubt, doubtUntil } from "../attempts/doubt.js";
import { checkHost, sendOnce } from "../attempts/send-once.js";
import { checkEtag } from "../bad-answers.js";
import { quote, unquote } from "../etag.js";
import type { Quoting } from "../etag.js";
import { headVersion } from "../operations/head-object.js";
import { putCommand } from "../operations/put-object.js";
import { backOff } from "../pause.js";
import { isNoSuchKey, statusOf } from "../sdk-errors.js";
import { sdk } from "../sdk.js";
import { keyInput } from "../bucket-input.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { clearLeftInBackground, sendAsWanted } from "./conditions.js";
import { isNotImplemented, unsupported } from "./trial.js";
import type { Method } from "./trial.js";
import { historyOf, isNamed, isUntouched, newWriteId } from "./write-id.js";

/** S3's limit for all user metadata of an object. */
export const MAX_METADATA_BYTES = 2048;

/** How often a conditional write is sent at most, as long as nothing has changed. */
const MAX_SENT = 5;

/** How often the outcome of a write is checked. Each check is retried like any request. */
const MAX_LOOKS = 3;

/** The version that a write is to replace, and the prefix under which a trial of the service may write. */
interface Condition {
  key: string;
  /** Without an ETag, the key must be missing. */
  base: Version;
  prefix: string;
}

type Send = (doubt: Doubt, quoting: Quoting, check: (hostname: string) => void) => Promise<void>;

/**
 * Stores an object if the key still has the version `base`. One PUT. If its outcome is unknown, one HEAD checks for the
 * write's id. A service other than AWS must first pass a trial. If such a service rejects the write, one more HEAD is
 * sent, and the rejection is believed unless the object has the write's id. If that HEAD fails, the write may have
 * happened.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export async function storeIf(
  target: Target,
  { key, body, headers, base, prefix }: Omit<Call<"store">, "op">,
  task: Task,
): Promise<StoreResult> {
  const { client, conditions } = target;
  let version: Version | undefined;
  const used = metadataBytes(headers.metadata);
  const ids: string[] = [];
  const send: Send = async (doubt, quoting, check) => {
    // Each time it is sent, the write has a new id, so that a late write cannot be mistaken for a later one.
    const id = newWriteId();
    ids.push(id);
    const history = historyOf(id, base, MAX_METADATA_BYTES - used);
    const marked = { ...headers, metadata: { ...headers.metadata, [WRITES_NAME]: history } };
    const command = putCommand(target, key, body, marked);
    if (base.etag === undefined) command.input.IfNoneMatch = "*";
    else command.input.IfMatch = quote(base.etag, quoting);
    checkHost(command, check);
    const stored = await sendOnce(command, doubt, () => client.send(command, { ...task, doubt }));
    checkEtag(stored);
    version = { etag: unquote(stored.ETag ?? ""), writes: history.split(",") };
  };
  const verdict = await decide(target, "put", { key, base, prefix }, task, ids, send);
  if (verdict === "done") return version === undefined ? { verdict } : { verdict, version };
  // It is AWS or the local S3, where no proxy repeats a write.
  if (conditions.put === undefined) return { verdict };
  // A proxy may repeat a PUT whose response it has lost. The service then rejects the second PUT because of the first.
  const now = await doubtUntil(task.doubt, () => look(target, key, task));
  return { verdict: isNamed(ids, now) ? "done" : verdict };
}

/**
 * Deletes an object if it still has the version `base`. One DELETE. Further requests as for {@link storeIf}.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
 */
export async function removeIf(
  target: Target,
  { key, base, prefix }: Condition,
  task: Task,
): Promise<StoreResult> {
  const { client, conditions } = target;
  const send: Send = async (doubt, quoting, check) => {
    const IfMatch = quote(base.etag ?? "", quoting);
    const command = new sdk.DeleteObjectCommand({ ...keyInput(target, key), IfMatch });
    checkHost(command, check);
    await sendOnce(command, doubt, () => client.send(command, { ...task, doubt }));
  };
  // A DELETE leaves no id. If the key is gone, another program may have deleted it.
  const verdict = await decide(target, "delete", { key, base, prefix }, task, [], send);
  // So a HEAD would not show whether a proxy has sent the DELETE twice. The caller reads the key anyway, to start again.
  return verdict === "done" || conditions.delete === undefined ? { verdict } : { verdict, isUnsure: true };
}

export function metadataBytes(metadata: Record<string, string> = {}): number {
  return Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

/**
 * Sends a conditional write until its outcome is known.
 *
 * @param ids - the ids of the writes that have been sent
 */
export async function decide(
  target: Target,
  method: Method,
  condition: Condition,
  task: Task,
  ids: readonly string[],
  send: Send,
): Promise<Verdict> {
  const { key, base, prefix } = condition;
  clearLeftInBackground(target, method, prefix);
  // Why the outcome of an attempt is unknown. From then on, the rejection of a later attempt decides nothing.
  let unknown: Error | undefined;
  for (let sent = 1; ; sent += 1) {
    const outcome = await attempt(target, method, condition, task, send);
    if (outcome.is === "done") return "done";
    if (outcome.is === "failed") throw unknown ?? outcome.error;
    if (outcome.is === "unknown") unknown ??= outcome.error;
    else if (unknown === undefined && outcome.verdict !== "conflict") return outcome.verdict;
    if (unknown !== undefined) {
      if (task.signal.aborted) throw unknown;
      // A failed look proves as little as a missing key: the write is not sent again.
      const now = await look(target, key, task).catch(() => undefined);
      if (isNamed(ids, now)) return "done";
      if (!isUntouched(now, base)) throw unknown;
    }
    // Nothing has changed, so the write can be sent again.
    if (sent === MAX_SENT) {
      if (unknown !== undefined) throw unknown;
      return "conflict";
    }
    await backOff(sent, task.signal);
  }
}

type Outcome =
  | { is: "done" }
  /** Nothing was written, because of what is stored or because of another write. */
  | { is: "rejected"; verdict: Verdict }
  /** Nothing was written, for another reason. */
  | { is: "failed"; error: unknown }
  /** The write may have been applied. */
  | { is: "unknown"; error: Error };

async function attempt(
  target: Target,
  method: Method,
  { base, prefix }: Condition,
  task: Task,
  send: Send,
): Promise<Outcome> {
  const doubt = new Doubt(task.doubt);
  try {
    await sendAsWanted(target, method, prefix, task, (quoting, check) => send(doubt, quoting, check));
    target.bucketProved = true;
    return { is: "done" };
  } catch (error) {
    if (doubt.exists) return { is: "unknown", error: error as Error };
    const verdict = verdictOf(error, base);
    return verdict === undefined ? { is: "failed", error: explained(error) } : { is: "rejected", verdict };
  }
}

/** Reads the version that is stored now. The verdict depends on it, so it is retried more often than other reads. */
async function look(target: Target, key: string, task: Task): Promise<Version | undefined> {
  for (let asked = 1; ; asked += 1) {
    try {
      return await headVersion(target, key, task);
    } catch (error) {
      if (asked === MAX_LOOKS || task.signal.aborted || !(error instanceof Error) || !isAmbiguous(error))
        throw error;
    }
    await backOff(asked, task.signal);
  }
}

/** What S3's rejection means; undefined if the condition was not the reason. */
function verdictOf(error: unknown, base: Version): Verdict | undefined {
  const status = statusOf(error);
  if (status === 412) return base.etag === undefined ? "exists" : "changed";
  // Another write or deletion of the key was in flight, and this one did nothing.
  if (status === 409 || (error as RequestError).isBeaten === true) return "conflict";
  if (isNoSuchKey(error) && base.etag !== undefined) return "missing";
  return undefined;
}

// A service can pass the trial and still not support the condition of this write, for example if another gateway
// answers.
function explained(error: unknown): unknown {
  if (!(error instanceof Error) || !isNotImplemented(error)) return error;
  return unsupported(`the service does not implement the condition of this write: ${error.message}`);
}
