import { ListObjectsV2Command } from "./sdk.js";
import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import type { Page, PageStart } from "../../bridge/protocol.js";
import { OperationError } from "../failure.js";
import { comesBefore, orderOf } from "../../utf8-order.js";
import { firstTry } from "./first-try/first-try.js";
import { listing } from "./first-try/list.js";
import { replay } from "./first-try/replay.js";
import type { Target } from "./s3.js";
import { sayListed } from "./seen-requests.js";
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
  const input = listInput(target, request);
  const tried = await firstTry(target.client, input, listing(input), signal);
  const output =
    tried.result ??
    (await target.client.send(replay(new ListObjectsV2Command(input), tried), { abortSignal: signal }));
  // A page of a proxy, read as a listing, would look like an empty bucket.
  if (output.IsTruncated === undefined) throw new BadAnswer("the answer is not a listing", output.$metadata);
  target.bucketProved = true;
  const contents = output.Contents ?? [];
  sayListed(contents.length);
  const listed = decodeKeys(contents.map(({ Key }) => Key ?? ""));
  const { startAfter: asked } = request;
  if (request.checked && asked !== undefined && listed.length > 0 && !comesBefore(asked, listed[0]!)) {
    throw new IgnoresStartAfter();
  }
  const keys = newNames(listed, asked);
  // Keys that came before are only left out at the beginning.
  const first = listed.length - keys.length;
  const sizes = new Float64Array(keys.length);
  for (let at = 0; at < keys.length; at += 1) sizes[at] = contents[first + at]?.Size ?? Infinity;
  const next = nextPage(output, request, listed.length, keys.at(-1));
  return { keys, sizes, ...(next === undefined ? {} : { next }) };
}

export function listInput({ settings }: Target, request: ListRequest): ListObjectsV2CommandInput {
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
  return input;
}

/** Where the page after this one begins; `last` is the last name of this one that is new. */
export function nextPage(
  output: Pick<ListObjectsV2CommandOutput, "IsTruncated" | "NextContinuationToken">,
  request: ListRequest,
  listed: number,
  last: string | undefined,
): PageStart | undefined {
  if (output.IsTruncated !== true) return undefined;
  const token = output.NextContinuationToken;
  // A first page may hold nothing but a common prefix that does not come after where the listing is to start.
  if (last === undefined && (token === undefined || (listed > 0 && request.token !== undefined))) {
    throw new OperationError("BadListing", "the service says that there is more, and gives nothing new");
  }
  const startAfter = last ?? request.startAfter;
  return {
    ...(token === undefined ? {} : { token }),
    ...(startAfter === undefined ? {} : { startAfter }),
  };
}

/** Without the names that came before, on a page that is given twice: each is listed once. */
export function newNames(listed: string[], after: string | undefined): string[] {
  const isInOrder = orderOf(listed);
  let last = after;
  return listed.filter((key, at) => {
    const previous = listed[at - 1];
    if (previous !== undefined && !isInOrder(previous, key)) {
      throw new OperationError(
        "BadListing",
        "the service lists its keys unordered, and cannot be trusted to list them all",
      );
    }
    if (last !== undefined && last !== previous && !comesBefore(last, key)) return false;
    last = key;
    return true;
  });
}

// One call for all takes half the time of one for each.
function decodeKeys(keys: string[]): string[] {
  const joined = keys.join("<");
  if (!joined.includes("%") && !joined.includes("+")) return keys;
  try {
    const decoded = decodeURIComponent(joined.replaceAll("+", " ")).split("<");
    if (decoded.length === keys.length) return decoded;
  } catch {
    // One by one, the key that is wrong can be named.
  }
  return keys.map(decodeKey);
}

export function decodeKey(key = ""): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    throw new OperationError("BadListing", `the service lists a key that is not UTF-8: ${key}`);
  }
}
