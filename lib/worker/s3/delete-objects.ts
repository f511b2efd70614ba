import { DeleteObjectsCommand } from "./sdk.js";
import type { Failure } from "../../bridge/protocol.js";
import { toFailure } from "../failure.js";
import { deleteObject } from "./delete-object.js";
import { Doubt } from "./doubt.js";
import type { Target } from "./s3.js";
import { BadAnswer } from "./tries.js";

/** How many keys one request may name. */
const MAX_BULK_DELETE = 1000;

/**
 * Deletes up to 1000 keys by one request, and by one DELETE each those that XML 1.0 cannot carry. Resolves
 * with the keys that were not deleted: S3 answers 200 even when it refused some.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
export async function deleteObjects(
  target: Target,
  keys: string[],
  signal: AbortSignal,
): Promise<{ key: string; failure: Failure }[]> {
  const failed: { key: string; failure: Failure }[] = [];
  const inXml = keys.filter(canBeInXml);
  for (let from = 0; from < inXml.length; from += MAX_BULK_DELETE) {
    const slice = inXml.slice(from, from + MAX_BULK_DELETE);
    const doubt = new Doubt();
    try {
      failed.push(...(await doubt.during(() => deleteSlice(target, slice, signal))));
    } catch (error) {
      // With the first slice nothing has been done, and the error says all; later ones fail key by key.
      if (from === 0 && inXml.length === keys.length) throw error;
      const failure = toFailure(error, doubt.exists);
      failed.push(...slice.map((key) => ({ key, failure })));
    }
  }
  for (const key of keys) {
    if (canBeInXml(key)) continue;
    const doubt = new Doubt();
    try {
      await doubt.during(() => deleteObject(target, key, signal));
    } catch (error) {
      failed.push({ key, failure: toFailure(error, doubt.exists) });
    }
  }
  return failed;
}

async function deleteSlice(
  { client, settings }: Target,
  keys: string[],
  signal: AbortSignal,
): Promise<{ key: string; failure: Failure }[]> {
  const command = new DeleteObjectsCommand({
    Bucket: settings.bucket,
    Delete: { Objects: keys.map((Key) => ({ Key })) },
    ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
  });
  const { Deleted = [], Errors = [], $metadata } = await client.send(command, { abortSignal: signal });
  const failed = Errors.map(({ Key, Code, Message }) => ({
    key: Key ?? "",
    failure: {
      code: Code ?? "Unknown",
      ...(Message === undefined ? {} : { reason: Message }),
      statusCode: 200,
    },
  }));
  // Any page without errors would pass for success, if S3 were asked to name only those. How many are named says
  // nothing: they may be others, or one of them several times. A key that is both deleted and refused may be either.
  const deleted = new Set(Deleted.map(({ Key }) => Key));
  const refused = new Set(Errors.map(({ Key }) => Key));
  const untold = keys.filter((key) => deleted.has(key) === refused.has(key));
  if (untold.length === 0) return failed;
  const error = new BadAnswer(`the answer does not say what became of ${untold.length} keys`, $metadata);
  if (untold.length === keys.length) throw error;
  const failure = toFailure(error, true);
  return [...failed, ...untold.map((key) => ({ key, failure }))];
}

// https://www.w3.org/TR/xml/#charsets; lone surrogates are refused before they come here. A key of nothing
// but white space is lost where the answer to a refused one is parsed.
function canBeInXml(key: string): boolean {
  if (/^[\t\n\r ]*$/.test(key)) return false;
  // eslint-disable-next-line no-control-regex -- the very characters that are looked for
  return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(key);
}
