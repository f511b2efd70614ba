import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import type { Page, PageStart } from "../../bridge/protocol.js";
import { OperationError } from "../failure.js";
import { comesBefore } from "../../utf8-order.js";
import { firstTry } from "./first-try/first-try.js";
import { listing } from "./first-try/list.js";
import type { Target } from "./s3.js";
import { BadAnswer } from "./tries.js";

/** S3 gives no more on one page. */
export const MAX_KEYS = 1000;

export interface ListRequest extends PageStart {
  prefix: string;
  limit: number;
  /** Whether a page must not begin before `startAfter`: another is sought than the next. */
  checked?: boolean;
}

/** The service begins a listing where it was not told to. */
export class IgnoresStartAfter extends Error {
  override name = "IgnoresStartAfter";
}

/**
 * One page of keys, in the order of their UTF-8 bytes. One LIST.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function listObjects(target: Target, request: ListRequest, signal: AbortSignal): Promise<Page> {
  const { client, settings } = target;
  const input: ListObjectsV2CommandInput = {
    Bucket: settings.bucket,
    Prefix: request.prefix,
    MaxKeys: Math.min(request.limit, MAX_KEYS),
    // XML cannot carry every key as it is.
    EncodingType: "url",
  };
  if (request.token !== undefined) input.ContinuationToken = request.token;
  else if (request.startAfter !== undefined) input.StartAfter = request.startAfter;
  if (settings.requestPayer === true) input.RequestPayer = "requester";
  const command = new ListObjectsV2Command(input);
  const output =
    (await firstTry(client, command, listing(input), signal)) ??
    (await client.send(command, { abortSignal: signal }));
  // A page of a proxy, read as a listing, would look like an empty bucket.
  if (output.IsTruncated === undefined) {
    throw new BadAnswer("the answer is not a listing", output.$metadata);
  }
  target.bucketProved = true;
  const listed = (output.Contents ?? []).map(({ Key }) => decodeKey(Key));
  const { startAfter: asked } = request;
  if (request.checked && asked !== undefined && listed.length > 0 && !comesBefore(asked, listed[0]!)) {
    throw new IgnoresStartAfter();
  }
  const keys = newKeys(listed, asked);
  if (!output.IsTruncated) return { keys };
  const last = keys.at(-1);
  if (last === undefined && (listed.length > 0 || output.NextContinuationToken === undefined)) {
    throw new OperationError("BadListing", "the service says that there is more, and gives nothing new");
  }
  const startAfter = last ?? asked;
  return {
    keys,
    next: {
      ...(output.NextContinuationToken === undefined ? {} : { token: output.NextContinuationToken }),
      ...(startAfter === undefined ? {} : { startAfter }),
    },
  };
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

function decodeKey(key: string | undefined): string {
  try {
    return decodeURIComponent((key ?? "").replaceAll("+", " "));
  } catch {
    throw new OperationError("BadListing", `the service lists a key that is not UTF-8: ${key}`);
  }
}
