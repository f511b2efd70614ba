import type { DeleteObjectsCommand } from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { sdk } from "../sdk.js";
import type { KeyFailure } from "../../../bridge/protocol.js";
import { toFailure } from "../../failure.js";
import { deleteObject } from "./delete-object.js";
import { Doubt } from "../attempts/doubt.js";
import { failuresOf, forEachOf } from "./each-key.js";
import type { Target } from "../target.js";

/** What services answer that want the body's MD5 in place of a newer checksum, or that lack the operation. */
const refusals: ReadonlySet<string> = new Set([
  ...["InvalidRequest", "MissingContentMD5", "InvalidDigest", "InvalidArgument"],
  ...["NotImplemented", "MethodNotAllowed", "MalformedXML", "MalformedPOSTRequest"],
]);

/**
 * What is said of a key that could not be dealt with just then; it may be gone. `UnknownError` is what Ceph says where the
 * key is written to at the same time.
 */
const distress: ReadonlySet<string> = new Set([
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
 * Deletes up to 1000 keys by one request, and by one DELETE each those that XML 1.0 cannot carry and those that the
 * answer does not tell of. A service that refuses the request is asked again with an MD5, and then key by key; one that
 * takes too long is given half of the keys at a time.
 * Resolves with the keys that were not deleted: S3 answers 200 even when it refused some.
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
    // It was in the request that was answered, so it may be gone however its own DELETE ended.
    if (bulk.isUnsure && canBeInXml(key)) failure.mayHaveBeenApplied = true;
  }
  return [...bulk.failed, ...singly.failed];
}

/** What is known of some of the keys: those that are told of and have not failed are gone. */
interface Known {
  told: ReadonlySet<string>;
  failed: KeyFailure[];
}

/** Where all keys are concerned, an error says all; otherwise it is that of each of these keys. */
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
      const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
      const status = $metadata?.httpStatusCode;
      if (status === 405 || status === 501) target.bulkDeletes = way = "none";
      // Where MD5 does not help either, these very keys may be what is refused.
      else if (refusals.has(name)) way = way === "plain" ? "with MD5" : "none";
      else if (error instanceof Silence && keys.length > 1) return await inHalves(target, keys, signal);
      else throw error;
    }
  }
  return { told: new Set(), failed: [] };
}

// Some delete one key after the other before they say a word.
async function inHalves(target: Target, keys: string[], signal: AbortSignal): Promise<Known> {
  const middle = Math.ceil(keys.length / 2);
  const one = await deleteAtOnce(target, keys.slice(0, middle), signal);
  const other = await deleteAtOnce(target, keys.slice(middle), signal);
  return { told: new Set([...one.told, ...other.told]), failed: [...one.failed, ...other.failed] };
}

async function send(
  { client, settings }: Target,
  keys: string[],
  way: "plain" | "with MD5",
  signal: AbortSignal,
): Promise<Known> {
  const command = new sdk.DeleteObjectsCommand({
    Bucket: settings.bucket,
    Delete: { Objects: keys.map((Key) => ({ Key })) },
    ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
  });
  if (way === "with MD5") addMd5(command);
  if (keys.length > 1) tellSilence(command);
  const { Deleted = [], Errors = [] } = await client.send(command, { abortSignal: signal });
  const deleted = new Set(Deleted.map(({ Key }) => Key));
  const refused = new Map(Errors.map((error) => [error.Key, error]));
  const isTold = (key: string): boolean =>
    deleted.has(key) !== refused.has(key) && !distress.has(refused.get(key)?.Code ?? "");
  // Any page without errors would pass for success, if S3 were asked to name only those. How many are named says
  // nothing: they may be others, or one of them several times. A key that is both deleted and refused may be either.
  const told = new Set(keys.filter(isTold));
  const failed: KeyFailure[] = [];
  for (const key of told) {
    const { Code = "Unknown", Message } = refused.get(key) ?? { Code: "NoSuchKey" };
    // It is gone, as wanted.
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

// In place of the checksum, which the SDK has added by then; it is signed later.
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

/** The connection stood, and no answer came for as long as any request is given. */
class Silence extends Error {}

// The SDK does not know such an error, and does not try again.
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

// https://www.w3.org/TR/xml/#charsets; lone surrogates are refused before they come here. A key of nothing
// but white space is lost where the answer to a refused one is parsed.
function canBeInXml(key: string): boolean {
  if (/^[\t\n\r ]*$/.test(key)) return false;
  // eslint-disable-next-line no-control-regex -- the very characters that are looked for
  return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(key);
}
