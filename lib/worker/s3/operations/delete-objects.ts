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

/** Codes of services that want the MD5 of the body instead of a newer checksum, or do not have the operation. */
const refusals: ReadonlySet<string> = new Set([
  ...["InvalidRequest", "MissingContentMD5", "InvalidDigest", "InvalidArgument"],
  ...["NotImplemented", "MethodNotAllowed", "MalformedXML", "MalformedPOSTRequest"],
]);

/** Codes that leave open whether the key is gone. Ceph says `UnknownError` of a key that is written at the same time. */
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
 * Deletes up to 1000 keys by one request. Keys that XML 1.0 cannot carry, and those that the answer leaves open, cost one
 * DELETE each. If the service refuses the request, it is sent again with an MD5, and then key by key; if the service takes
 * too long, half of the keys at a time. Resolves with the keys that were not deleted: S3 answers 200 even if it refused some.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
export async function deleteObjects(
  target: Target,
  keys: string[],
  signal: AbortSignal,
): Promise<KeyFailure[]> {
  const inXml = keys.filter(canBeInXml);
  const bulk = await orFailures(inXml, keys, () => deleteAtOnce(target, inXml, signal));
  const others = keys.filter((key) => !bulk.told.has(key));
  const singly = await orFailures(others, keys, () => deleteSingly(target, others, signal));
  for (const { key, failure } of singly.failed) {
    // It was in the bulk request, so it may be gone however its own DELETE ended.
    if (bulk.isUnsure && canBeInXml(key)) failure.mayHaveBeenApplied = true;
  }
  return [...bulk.failed, ...singly.failed];
}

/** What is known of some of the keys: those that are told and have not failed are gone. */
interface Known {
  /** Those that the answer is clear about. */
  told: ReadonlySet<string>;
  failed: KeyFailure[];
}

/** Runs a request for some of the keys. Its error is thrown if it concerns all keys, and noted for each of them otherwise. */
async function orFailures(
  some: string[],
  all: string[],
  run: () => Promise<Known>,
): Promise<Known & { isUnsure: boolean }> {
  if (some.length === 0) return { told: new Set(), failed: [], isUnsure: false };
  const doubt = new Doubt();
  try {
    return { ...(await doubt.during(run)), isUnsure: doubt.exists };
  } catch (error) {
    if (some.length === all.length) throw error;
    const failure = toFailure(error, doubt.exists);
    return { told: new Set(some), failed: some.map((key) => ({ key, failure })), isUnsure: false };
  }
}

async function deleteSingly(target: Target, keys: string[], signal: AbortSignal): Promise<Known> {
  const outcomes = await forEachOf(keys, target.settings.concurrency, signal, (key) =>
    deleteObject(target, key, signal),
  );
  return { told: new Set(keys), failed: failuresOf(keys, outcomes) };
}

async function deleteAtOnce(target: Target, keys: string[], signal: AbortSignal): Promise<Known> {
  let way = target.bulkDeletes ?? "plain";
  while (way !== "none") {
    try {
      const known = await send(target, keys, way, signal);
      target.bulkDeletes = way;
      return known;
    } catch (error) {
      const status = statusOf(error);
      if (status === 405 || status === 501) target.bulkDeletes = way = "none";
      // If an MD5 does not help, these very keys may be the reason.
      else if (refusals.has((error as Error).name)) way = way === "plain" ? "with MD5" : "none";
      else if (error instanceof Silence && keys.length > 1) return await inHalves(target, keys, signal);
      else throw error;
    }
  }
  return { told: new Set(), failed: [] };
}

// Some services delete one key after the other before they answer.
async function inHalves(target: Target, keys: string[], signal: AbortSignal): Promise<Known> {
  const middle = Math.ceil(keys.length / 2);
  const one = await deleteAtOnce(target, keys.slice(0, middle), signal);
  const other = await deleteAtOnce(target, keys.slice(middle), signal);
  return { told: new Set([...one.told, ...other.told]), failed: [...one.failed, ...other.failed] };
}

async function send(
  target: Target,
  keys: string[],
  way: "plain" | "with MD5",
  signal: AbortSignal,
): Promise<Known> {
  const command = new sdk.DeleteObjectsCommand({
    ...bucketInput(target),
    Delete: { Objects: keys.map((Key) => ({ Key })) },
  });
  if (way === "with MD5") addMd5(command);
  if (keys.length > 1) tellSilence(command);
  const { Deleted = [], Errors = [] } = await target.client.send(command, { abortSignal: signal });
  const deleted = new Set(Deleted.map(({ Key }) => Key));
  const refused = new Map(Errors.map((error) => [error.Key, error]));
  const isTold = (key: string): boolean =>
    deleted.has(key) !== refused.has(key) && !undecided.has(refused.get(key)?.Code ?? "");
  // S3 is asked to name the deleted keys as well: otherwise any XML without errors would look like success. Their number
  // proves nothing, as one may be named several times. A key that is both deleted and refused may be either.
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

// Replaces the checksum, which the SDK has added by then, before the request is signed.
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

/** No answer came on an established connection within the time that any request is given. */
class Silence extends Error {}

// The SDK does not retry an error that it does not know.
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

// https://www.w3.org/TR/xml/#charsets; lone surrogates have been refused before. The parser of the answer drops a key of
// nothing but white space.
function canBeInXml(key: string): boolean {
  if (/^[\t\n\r ]*$/.test(key)) return false;
  // eslint-disable-next-line no-control-regex -- the very characters that are looked for
  return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(key);
}
