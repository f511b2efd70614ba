import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import type { Page, PageStart } from "../../bridge/protocol.js";
import { OperationError } from "../failure.js";
import { comesBefore } from "../../utf8-order.js";
import type { Target } from "./s3.js";
import { sayListed } from "./seen-requests.js";
import { BadAnswer } from "./tries.js";

/** S3 gives no more on one page. */
export const MAX_KEYS = 1000;

export interface ListRequest extends PageStart {
  prefix: string;
  limit: number;
  delimiter?: string;
}

/**
 * One page of keys, in the order of their UTF-8 bytes. One LIST.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function listObjects(target: Target, request: ListRequest, signal: AbortSignal): Promise<Page> {
  const output = await askForPage(target, request, signal);
  const listed = (output.Contents ?? []).map(({ Key }) => decodeKey(Key));
  const keys = newKeys(listed, request.startAfter);
  if (!output.IsTruncated) return { keys };
  const last = keys.at(-1);
  if (last === undefined && (listed.length > 0 || output.NextContinuationToken === undefined)) {
    throw new OperationError("BadListing", "the service says that there is more, and gives nothing new");
  }
  const startAfter = last ?? request.startAfter;
  return {
    keys,
    next: {
      ...(output.NextContinuationToken === undefined ? {} : { token: output.NextContinuationToken }),
      ...(startAfter === undefined ? {} : { startAfter }),
    },
  };
}

/** One LIST, whose answer is certainly one. */
export async function askForPage(
  target: Target,
  request: ListRequest,
  signal: AbortSignal,
): Promise<ListObjectsV2CommandOutput> {
  const { client, settings } = target;
  const input: ListObjectsV2CommandInput = {
    Bucket: settings.bucket,
    Prefix: request.prefix,
    MaxKeys: Math.min(request.limit, MAX_KEYS),
    // XML cannot carry every key as it is.
    EncodingType: "url",
  };
  if (request.delimiter !== undefined) input.Delimiter = request.delimiter;
  if (request.token !== undefined) input.ContinuationToken = request.token;
  else if (request.startAfter !== undefined) input.StartAfter = request.startAfter;
  if (settings.requestPayer === true) input.RequestPayer = "requester";
  const output = await client.send(new ListObjectsV2Command(input), { abortSignal: signal });
  // A page of a proxy, read as a listing, would look like an empty bucket.
  if (output.IsTruncated === undefined) throw new BadAnswer("the answer is not a listing", output.$metadata);
  target.bucketProved = true;
  sayListed(output.KeyCount ?? 0);
  return output;
}

// Keys that came before, on a page that is given twice, are left out: each key is listed once.
function newKeys(listed: string[], after: string | undefined): string[] {
  let last = after;
  return listed.filter((key, at) => {
    const previous = listed[at - 1];
    if (previous !== undefined && !comesBefore(previous, key)) {
      throw new OperationError(
        "BadListing",
        "the service lists its keys unordered, and cannot be trusted to list them all",
      );
    }
    if (last !== undefined && !comesBefore(last, key)) return false;
    last = key;
    return true;
  });
}

export function decodeKey(key: string | undefined): string {
  try {
    return decodeURIComponent((key ?? "").replaceAll("+", " "));
  } catch {
    throw new OperationError("BadListing", `the service lists a key that is not UTF-8: ${key}`);
  }
}
