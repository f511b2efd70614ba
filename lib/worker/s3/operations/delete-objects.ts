import type { DeleteObjectsCommand } from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { bucketInput } from "../bucket-input.js";
import { sdk } from "../sdk.js";
import type { KeyFailure } from "../../../bridge/protocol.js";
import { toFailure } from "../../failure.js";
import { deleteObject } from "./delete-object.js";
import { Doubt } from "../attempts/doubt.js";
import { failuresOf, forEachOf } from "./each-key.js";
import { statusOf } from "../sdk-errors.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";

/** Codes of services that require the MD5 of the body instead of a newer checksum, or that lack the operation. */
const refusals: ReadonlySet<string> = new Set([
  ...["InvalidRequest", "MissingContentMD5", "InvalidDigest", "InvalidArgument"],
  ...["NotImplemented", "MethodNotAllowed", "MalformedXML", "MalformedPOSTRequest"],
]);

/**
 * Codes that leave open whether the key is gone. Ceph reports `UnknownError` for a key that is written at the same
 * time.
 */
const undecided: ReadonlySet<string> = new Set([
  ...[
    "InternalError",
    "ServiceUnavailable",
    "SlowDown",
    "OperationAborted",
    "RequestTimeout",
    "UnknownError",
  ],
]);

/**
 * Deletes up to 1000 keys with one request. Keys that XML 1.0 cannot carry, and keys whose outcome the response leaves
 * open, cost one DELETE each. If the service rejects the request, it is sent again with an MD5. If that is rejected,
 * too, each key costs one DELETE. If the service takes too long, the keys are divided into two requests. Resolves with
 * the keys that were not deleted: S3 answers 200 even if it rejected some of the keys.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
export async function deleteObjects(target: Target, keys: string[], task: Task): Promise<KeyFailure[]> {
  const inXml = keys.filter(canBeInXml);
  const bulk = await orFailures(inXml, keys, task, (task) => deleteAtOnce(target, inXml, task));
  const others = keys.filter((key) => !bulk.told.has(key));
  const singly = await orFailures(others, keys, task, (task) => deleteSingly(target, others, task));
  for (const { key, failure } of singly.failed) {
    // The key was in the bulk request, so it may be gone however its own DELETE ended.
    if (bulk.isUnsure && canBeInXml(key)) failure.mayHaveBeenApplied = true;
  }
  return [...bulk.failed, ...singly.failed];
}

/** What is known about some of the keys. Keys that are in `told` and not in `failed` are gone. */
interface Known {
  /** The keys about which the response is clear. */
  told: ReadonlySet<string>;
  failed: KeyFailure[];
}

/**
 * Runs a request for some of the keys. Its error is thrown if these are all keys, and otherwise recorded for each of
 * them.
 */
async function orFailures(
  some: string[],
  all: string[],
  task: Task,
  run: (task: Task) => Promise<Known>,
): Promise<Known & { isUnsure: boolean }> {
  if (some.length === 0) return { told: new Set(), failed: [], isUnsure: false };
  const doubt = new Doubt(task.doubt);
  try {
    return { ...(await run({ ...task, doubt })), isUnsure: doubt.exists };
  } catch (error) {
    if (some.length === all.length) throw error;
    const failure = toFailure(error, doubt.exists);
    return { told: new Set(some), failed: some.map((key) => ({ key, failure })), isUnsure: false };
  }
}

async function deleteSingly(target: Target, keys: string[], task: Task): Promise<Known> {
  const outcomes = await forEachOf(keys, target.settings.concurrency, task, (key, task) =>
    deleteObject(target, key, task),
  );
  return { told: new Set(keys), failed: failuresOf(keys, outcomes) };
}

async function deleteAtOnce(target: Target, keys: string[], task: Task): Promise<Known> {
  let way = target.bulkDeletes ?? "plain";
  while (way !== "none") {
    try {
      const known = await send(target, keys, way, task);
      target.bulkDeletes = way;
      return known;
    } catch (error) {
      const status = statusOf(error);
      if (status === 405 || status === 501) target.bulkDeletes = way = "none";
      // If an MD5 does not help, this particular set of keys may be the reason, so the result is not remembered.
      else if (refusals.has((error as Error).name)) way = way === "plain" ? "with MD5" : "none";
      else if (error instanceof Silence && keys.length > 1) return await inHalves(target, keys, task);
      else throw error;
    }
  }
  return { told: new Set(), failed: [] };
}

// Some services answer only after they have deleted one key after the other.
async function inHalves(target: Target, keys: string[], task: Task): Promise<Known> {
  const middle = Math.ceil(keys.length / 2);
  const one = await deleteAtOnce(target, keys.slice(0, middle), task);
  const other = await deleteAtOnce(target, keys.slice(middle), task);
  return { told: new Set([...one.told, ...other.told]), failed: [...one.failed, ...other.failed] };
}

async function send(target: Target, keys: string[], way: "plain" | "with MD5", task: Task): Promise<Known> {
  const command = new sdk.DeleteObjectsCommand({
    ...bucketInput(target),
    Delete: { Objects: keys.map((Key) => ({ Key })) },
  });
  if (way === "with MD5") addMd5(command);
  if (keys.length > 1) tellSilence(command);
  const { Deleted = [], Errors = [] } = await target.client.send(command, task);
  const deleted = new Set(Deleted.map(({ Key }) => Key));
  const refused = new Map(Errors.map((error) => [error.Key, error]));
  const isTold = (key: string): boolean =>
    deleted.has(key) !== refused.has(key) && !undecided.has(refused.get(key)?.Code ?? "");
  // The request asks S3 to name the deleted keys as well. Otherwise any XML without errors would look like success.
  // Their number proves nothing, because a key may be named several times. A key that is named as deleted and as
  // rejected may be either.
  const told = new Set(keys.filter(isTold));
  const failed: KeyFailure[] = [];
  for (const key of told) {
    const { Code = "Unknown", Message } = refused.get(key) ?? { Code: "NoSuchKey" };
    if (Code === "NoSuchKey") continue;
    const reason = Message === undefined ? {} : { reason: Message };
    failed.push({ key, failure: { code: Code, ...reason, statusCode: 200 } });
  }
  return { told, failed };
}

interface HttpRequest {
  headers: Record<string, string>;
  body?: unknown;
}

// Replaces the checksum after the SDK has added it and before the request is signed.
function addMd5(command: DeleteObjectsCommand): void {
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as HttpRequest;
      for (const name of Object.keys(request.headers)) {
        if (/^x-amz-(?:sdk-)?checksum-/i.test(name)) delete request.headers[name];
      }
      const body = request.body as string | Uint8Array;
      request.headers["content-md5"] = createHash("md5").update(body).digest("base64");
      return next(args);
    },
    { step: "build", priority: "low", name: "s3bucketmapMd5" },
  );
}

/** No response arrived on an established connection within the time limit of a request. */
class Silence extends Error {}

// Makes a silence an error that the SDK does not know and therefore does not retry.
function tellSilence(command: DeleteObjectsCommand): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw isSilence(error) ? new Silence() : error;
      }
    },
    { step: "finalizeRequest", priority: "normal", name: "s3bucketmapSilence" },
  );
}

function isSilence(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== "TimeoutError" || "code" in error) return false;
  return !error.message.includes("did not establish a connection");
}

// https://www.w3.org/TR/xml/#charsets. Lone surrogates have been rejected before. The parser of the response drops a
// key that consists of white space only.
function canBeInXml(key: string): boolean {
  if (/^[\t\n\r ]*$/.test(key)) return false;
  // eslint-disable-next-line no-control-regex -- these are the characters to find
  return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(key);
}
