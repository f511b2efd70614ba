import { advice403 } from "../../../errors/advice.js";
import { OperationError } from "../../operation-error.js";
import { BadAnswer, checkEtag } from "../bad-answers.js";
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
import type { Answers } from "./answers.js";
import { failed, limited, ok, unknown } from "./findings.js";
import type { Judgement } from "./findings.js";

/** What is written to the trial key. */
const BODY = Buffer.from("A trial of s3bucketmap's diagnosis; it can be deleted.\n");
const HEADERS = { contentType: "text/plain; charset=utf-8" };

const UNTRUSTWORTHY =
  "The service, or a cache before it, does not do what it says: do not trust it with values.";
const ONLY_SET = "Delete the key by delete: update cannot delete here.";

/** What the checks have learnt so far. All of them write to one key, which belongs to the library. */
export interface TrialState {
  readonly prefix: string;
  readonly key: string;
  readonly answers: Answers;
  mayList: boolean;
  mayRead: boolean;
  /** The key was written, and not deleted since. */
  isThere: boolean;
  /** The key has to be deleted in the end: it was written, or may have been. */
  mayBeThere: boolean;
  keepsPutConditions: boolean;
  givesChecksums: boolean;
}

/** One thing that a map needs of a service. */
export interface Check {
  readonly name: string;
  /** Without it, a map is of no use. */
  readonly isNeeded?: true;
  /** The permission that it takes. */
  readonly permission?: string;
  /** What to do where the service does not have it. */
  readonly todo?: string;
  run(state: TrialState, target: Target, signal: AbortSignal): Promise<Judgement>;
}

/** The first request of a diagnosis. Unlike a HEAD's, its answer says in words what is wrong with bucket, region, clock or credentials. */
export const list: Check = {
  name: "list",
  isNeeded: true,
  permission: "s3:ListBucket",
  async run({ prefix, answers }, target, signal) {
    const input = listInput(target, { prefix, limit: 1 });
    const command = answers.watch(new sdk.ListObjectsV2Command(input));
    const output = await target.client.send(command, { abortSignal: signal });
    checkAnswer(input, output);
    const listed = (output.Contents ?? []).map(({ Key }) => Key ?? "");
    const names = namesOf(listed, output.EncodingType === "url");
    firstNewName({ prefix, names });
    return ok(`allowed; ${names.length > 0 ? "there are keys" : "there is no key yet"}`);
  },
};

export const write: Check = {
  name: "write",
  isNeeded: true,
  permission: "s3:PutObject",
  todo: "If the service does not know the checksum that is sent, set AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED.",
  async run(state, target, signal) {
    await put(state, target, signal);
    return ok("allowed");
  },
};

export const read: Check = {
  name: "read",
  isNeeded: true,
  permission: "s3:GetObject",
  async run(state, target, signal) {
    try {
      const seen = await look(state, target, signal);
      if (seen === "missing" && state.isThere) return failed("what was written is missing", UNTRUSTWORTHY);
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
  async run(state, target, signal) {
    await deleteObject(target, state.key, signal);
    return ifGone(ok("allowed"), state, target, signal);
  },
};

/** What a map uses where it can. Each of them leaves the key deleted, if the service deletes it. */
export const extras: readonly Check[] = [
  {
    name: "conditional PUT",
    todo: "create, update and set with ifMatch throw ConditionsUnsupported here: use a service that honours conditional writes, or set, and make sure that only one program writes at a time.",
    async run(state, target, signal) {
      const quoting = await tryConditions("put", target, state.key, signal);
      state.keepsPutConditions = true;
      return kept(quoting);
    },
  },
  {
    name: "conditional DELETE",
    todo: ONLY_SET,
    async run(state, target, signal) {
      // It may check the condition first, and delete in a second step whatever is there then. No trial shows that.
      if (!state.keepsPutConditions)
        return limited("not trusted where those of a PUT are not kept", ONLY_SET);
      return kept(await tryConditions("delete", target, state.key, signal));
    },
  },
  {
    name: "multipart upload",
    permission: "s3:PutObject",
    todo: "Keep values at 16 MiB or below: longer ones are uploaded in parts.",
    async run(state, target, signal) {
      await uploadInParts(target, objectInput(target, state.key, BODY, HEADERS), signal);
      state.mayBeThere = true;
      if (state.mayRead && (await look(state, target, signal)) === "missing")
        return failed("what was uploaded is missing", UNTRUSTWORTHY);
      state.isThere = true;
      return ok("works");
    },
  },
  {
    name: "DeleteObjects",
    permission: "s3:DeleteObject",
    async run(state, target, signal) {
      if (!state.isThere) await put(state, target, signal);
      // Maps learn from their own calls how the service takes it.
      const { bulkDeletes: _, ...own }: Target = target;
      const fresh: Target = own;
      const [refused] = await deleteObjects(fresh, [state.key], signal);
      if (refused !== undefined) {
        const { code, reason = "", ...details } = refused.failure;
        throw new OperationError(code, reason, details);
      }
      return ifGone(waysToDelete[fresh.bulkDeletes ?? "none"], state, target, signal);
    },
  },
  {
    name: "checksums",
    async run(state, target, signal) {
      if (!(await target.client.sendsChecksums()))
        return ok("not sent, as the environment or a profile says");
      const isVerified = await refusesWrongChecksum(state, target, signal);
      if (isVerified && state.givesChecksums) return ok("verified, and given to who reads");
      const lacks = [
        ...(isVerified ? [] : ["verified"]),
        ...(state.givesChecksums ? [] : ["given to who reads"]),
      ];
      const todo = "Use an https endpoint: what is damaged on its way is noticed there.";
      return limited(`not ${lacks.join(", nor ")}`, todo);
    },
  },
];

const waysToDelete: Readonly<Record<"plain" | "with MD5" | "none", Judgement>> = {
  plain: ok("works"),
  "with MD5": ok("works, with a Content-MD5"),
  none: limited(
    "not to be had: clear and deleteMany send a DELETE for each key",
    "Nothing need be done: it only takes more requests.",
  ),
};

const kept = (quoting: Quoting): Judgement =>
  ok(quoting === "bare" ? "kept, with ETags that have no quotes" : "kept");

async function put(state: TrialState, target: Target, signal: AbortSignal): Promise<void> {
  await putObject(target, state.key, BODY, HEADERS, signal);
  state.isThere = state.mayBeThere = true;
}

async function look(
  { key, answers }: TrialState,
  target: Target,
  signal: AbortSignal,
): Promise<"missing" | "there" | "there, with a checksum"> {
  const input = { ...keyInput(target, key), ChecksumMode: "ENABLED" as const };
  const command = answers.watch(new sdk.GetObjectCommand(input));
  const bytes = readWhole(command, 2 * BODY.length);
  const output = await target.client.send(command, { abortSignal: signal }).catch((error: unknown) => {
    if (!isNoSuchKey(error)) throw error;
  });
  if (output === undefined) return "missing";
  checkEtag(output);
  if (Buffer.compare(bytes(), BODY) !== 0)
    throw new BadAnswer("what was read is not what was written", output.$metadata);
  const hasChecksum = Object.keys(output).some((name) => /^Checksum(?!Type)/.test(name));
  return hasChecksum ? "there, with a checksum" : "there";
}

/** Whether a deleted key is gone. If it cannot be read, the service is believed. */
export async function isGone(state: TrialState, target: Target, signal: AbortSignal): Promise<boolean> {
  if (!state.mayRead) return true;
  try {
    return (await look(state, target, signal)) === "missing";
  } catch (error) {
    if (!state.mayList && statusOf(error) === 403) return true;
    throw error;
  }
}

async function ifGone(
  judgement: Judgement,
  state: TrialState,
  target: Target,
  signal: AbortSignal,
): Promise<Judgement> {
  if (!(await isGone(state, target, signal))) return failed("what was deleted is still there", UNTRUSTWORTHY);
  state.isThere = state.mayBeThere = false;
  return judgement;
}

async function refusesWrongChecksum(
  state: TrialState,
  target: Target,
  signal: AbortSignal,
): Promise<boolean> {
  const command = putCommand(target, state.key, BODY, HEADERS);
  command.input.ChecksumCRC32 = crc32(Buffer.from("another value"));
  try {
    await target.client.send(command, { abortSignal: signal });
    state.mayBeThere = true;
    return false;
  } catch (error) {
    if (statusOf(error) === 400) return true;
    throw error;
  }
}
