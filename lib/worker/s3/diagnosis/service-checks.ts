import { advice403 } from "../../../errors/advice.js";
import { OperationError } from "../../operation-error.js";
import { BadAnswer, checkIsWhole } from "../bad-answers.js";
import { readWhole } from "../body/whole-body.js";
import { tryConditions } from "../conditional/trial.js";
import { crc32 } from "../direct/writes.js";
import type { Quoting } from "../etag.js";
import { checkAnswer } from "../listing/list-answer.js";
import { firstNewName } from "../listing/listed-names.js";
import { deleteObject } from "../operations/delete-object.js";
import { deleteObjects } from "../operations/delete-objects.js";
import { listInput, namesOf } from "../operations/list-objects.js";
import { uploadInParts } from "../operations/multipart-upload.js";
import { objectInput, putCommand, putObject } from "../operations/put-object.js";
import { isNoSuchKey, statusOf } from "../sdk-errors.js";
import { sdk } from "../sdk.js";
import { keyInput } from "../bucket-input.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import type { Answers } from "./answers.js";
import { failed, limited, ok, unknown } from "./findings.js";
import type { Judgement } from "./findings.js";

/** The object that is written to the trial key. */
const BODY = Buffer.from("A test by s3bucketmap's diagnosis. This object can be deleted.\n");
const HEADERS = { contentType: "text/plain; charset=utf-8" };

const UNTRUSTWORTHY =
  "The service, or a cache in front of it, does not do what it reports. Do not trust it with values.";
const ONLY_SET = "Use delete to delete keys, because update cannot delete them here.";

/** What the checks have learnt so far. All of them write to one key, which only the library uses. */
export interface TrialState {
  readonly prefix: string;
  readonly key: string;
  readonly answers: Answers;
  mayList: boolean;
  mayRead: boolean;
  /** The key was written, and has not been deleted since. */
  isThere: boolean;
  /** The key has to be deleted at the end, because it was written, or may have been written. */
  mayBeThere: boolean;
  keepsPutConditions: boolean;
  givesChecksums: boolean;
}

/** One capability that a map needs from a service. */
export interface Check {
  readonly name: string;
  /** Set if a map is useless without this capability. */
  readonly isNeeded?: true;
  /** The permission that the check requires. */
  readonly permission?: string;
  /** What to do if the service does not have this capability. */
  readonly todo?: string;
  judge(state: TrialState, target: Target, task: Task): Promise<Judgement>;
}

/**
 * The first request of a diagnosis. Unlike the response to a HEAD, its response has a body that says what is wrong with
 * bucket, region, clock or credentials.
 */
export const list: Check = {
  name: "list",
  isNeeded: true,
  permission: "s3:ListBucket",
  async judge({ prefix, answers }, target, task) {
    const input = listInput(target, { prefix, limit: 1 });
    const command = answers.watch(new sdk.ListObjectsV2Command(input));
    const output = await target.client.send(command, task);
    checkAnswer(input, output);
    const listed = (output.Contents ?? []).map(({ Key }) => Key ?? "");
    const names = namesOf(listed, output.EncodingType === "url");
    firstNewName({ prefix, names });
    return ok(`allowed; ${names.length > 0 ? "there are keys" : "there are no keys yet"}`);
  },
};

export const write: Check = {
  name: "write",
  isNeeded: true,
  permission: "s3:PutObject",
  todo: "If the service does not support the checksum in the request, set AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED.",
  async judge(state, target, task) {
    await put(state, target, task);
    return ok("allowed");
  },
};

export const read: Check = {
  name: "read",
  isNeeded: true,
  permission: "s3:GetObject",
  async judge(state, target, task) {
    try {
      const seen = await look(state, target, task);
      if (seen === "missing" && state.isThere)
        return failed("the object that was written is missing", UNTRUSTWORTHY);
      state.mayRead = true;
      state.givesChecksums = seen === "there, with a checksum";
      return ok("allowed");
    } catch (error) {
      // Without s3:ListBucket, S3 answers 403 for a missing key as well.
      const isDenied = (error as Error).name === "AccessDenied";
      if (state.isThere || state.mayList || !isDenied) throw error;
      return unknown(`not known: ${advice403}`);
    }
  },
};

export const remove: Check = {
  name: "delete",
  isNeeded: true,
  permission: "s3:DeleteObject",
  async judge(state, target, task) {
    await deleteObject(target, state.key, task);
    return ifGone(ok("allowed"), state, target, task);
  },
};

/** Capabilities that a map uses if they are available. Each check leaves the key deleted, if the service deletes it. */
export const extras: readonly Check[] = [
  {
    name: "conditional PUT",
    todo: "create, update and set with ifMatch throw ConditionsUnsupported here. Use a service that honours conditional writes. Or use set without ifMatch, and make sure that only one program writes at a time.",
    async judge(state, target, task) {
      const quoting = await tryConditions("put", target, state.key, task);
      state.keepsPutConditions = true;
      return kept(quoting);
    },
  },
  {
    name: "conditional DELETE",
    todo: ONLY_SET,
    async judge(state, target, task) {
      // A service may first check the condition, and then delete whatever is there in a second step. No trial can
      // detect that.
      if (!state.keepsPutConditions)
        return limited("not trusted, because the conditions of a PUT are not honoured", ONLY_SET);
      return kept(await tryConditions("delete", target, state.key, task));
    },
  },
  {
    name: "multipart upload",
    permission: "s3:PutObject",
    todo: "Keep values at or below 16 MiB. Larger values are uploaded in parts.",
    async judge(state, target, task) {
      await uploadInParts(target, objectInput(target, state.key, BODY, HEADERS), task);
      state.mayBeThere = true;
      if (state.mayRead && (await look(state, target, task)) === "missing")
        return failed("the object that was uploaded is missing", UNTRUSTWORTHY);
      state.isThere = true;
      return ok("works");
    },
  },
  {
    name: "DeleteObjects",
    permission: "s3:DeleteObject",
    async judge(state, target, task) {
      if (!state.isThere) await put(state, target, task);
      // The map's own calls learn how the service accepts DeleteObjects, so the map's target must not change here.
      const { bulkDeletes: _, ...own }: Target = target;
      const fresh: Target = own;
      const [refused] = await deleteObjects(fresh, [state.key], task);
      if (refused !== undefined) {
        const { code, reason = "", ...details } = refused.failure;
        throw new OperationError(code, reason, details);
      }
      return ifGone(waysToDelete[fresh.bulkDeletes ?? "none"], state, target, task);
    },
  },
  {
    name: "checksums",
    async judge(state, target, task) {
      if (!(await target.client.sendsChecksums()))
        return ok("not sent, because the environment or a profile disables them");
      const isVerified = await refusesWrongChecksum(state, target, task);
      if (isVerified && state.givesChecksums) return ok("verified, and sent to readers");
      const lacks = [
        ...(isVerified ? [] : ["verified"]),
        ...(state.givesChecksums ? [] : ["sent to readers"]),
      ];
      const todo = "Use an https endpoint. TLS detects damage on the way.";
      return limited(`not ${lacks.join(", nor ")}`, todo);
    },
  },
];

const waysToDelete: Readonly<Record<"plain" | "with MD5" | "none", Judgement>> = {
  plain: ok("works"),
  "with MD5": ok("works, with a Content-MD5"),
  none: limited(
    "not available: clear and deleteMany send a DELETE for each key",
    "You need not do anything. This only costs more requests.",
  ),
};

const kept = (quoting: Quoting): Judgement =>
  ok(quoting === "bare" ? "honoured, with ETags without quotes" : "honoured");

async function put(state: TrialState, target: Target, task: Task): Promise<void> {
  await putObject(target, state.key, BODY, HEADERS, task);
  state.isThere = state.mayBeThere = true;
}

async function look(
  { key, answers }: TrialState,
  target: Target,
  task: Task,
): Promise<"missing" | "there" | "there, with a checksum"> {
  const input = { ...keyInput(target, key), ChecksumMode: "ENABLED" as const };
  const command = answers.watch(new sdk.GetObjectCommand(input));
  const bytes = readWhole(command, 2 * BODY.length);
  const output = await target.client.send(command, task).catch((error: unknown) => {
    if (!isNoSuchKey(error)) throw error;
  });
  if (output === undefined) return "missing";
  checkIsWhole(output);
  if (Buffer.compare(bytes(), BODY) !== 0)
    throw new BadAnswer("the bytes that were read differ from those that were written", output.$metadata);
  const hasChecksum = Object.keys(output).some((name) => /^Checksum(?!Type)/.test(name));
  return hasChecksum ? "there, with a checksum" : "there";
}

/** Whether a deleted key is gone. If it cannot be read, the service is believed. */
export async function isGone(state: TrialState, target: Target, task: Task): Promise<boolean> {
  if (!state.mayRead) return true;
  try {
    return (await look(state, target, task)) === "missing";
  } catch (error) {
    if (!state.mayList && statusOf(error) === 403) return true;
    throw error;
  }
}

async function ifGone(
  judgement: Judgement,
  state: TrialState,
  target: Target,
  task: Task,
): Promise<Judgement> {
  if (!(await isGone(state, target, task)))
    return failed("the object that was deleted is still there", UNTRUSTWORTHY);
  state.isThere = state.mayBeThere = false;
  return judgement;
}

async function refusesWrongChecksum(state: TrialState, target: Target, task: Task): Promise<boolean> {
  const command = putCommand(target, state.key, BODY, HEADERS);
  command.input.ChecksumCRC32 = crc32(Buffer.from("another value"));
  try {
    await target.client.send(command, task);
    state.mayBeThere = true;
    return false;
  } catch (error) {
    if (statusOf(error) === 400) return true;
    throw error;
  }
}
