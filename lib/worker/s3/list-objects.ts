import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { ListObjectsV2CommandInput } from "@aws-sdk/client-s3";
import type { Page } from "../../bridge/protocol.js";
import { OperationError } from "../failure.js";
import type { Target } from "./s3.js";

/** S3 gives no more on one page. */
export const MAX_KEYS = 1000;

export interface ListRequest {
  prefix: string;
  startAfter?: string;
  token?: string;
  limit: number;
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
  const output = await client.send(new ListObjectsV2Command(input), { abortSignal: signal });
  target.bucketProved = true;
  const keys = (output.Contents ?? []).map(({ Key }) => decodeKey(Key));
  if (output.IsTruncated !== true) return { keys };
  if (output.NextContinuationToken === undefined) {
    throw new OperationError("BadListing", "the service says that there is more, and not where");
  }
  return { keys, token: output.NextContinuationToken };
}

function decodeKey(key: string | undefined): string {
  try {
    return decodeURIComponent((key ?? "").replaceAll("+", " "));
  } catch {
    throw new OperationError("BadListing", `the service lists a key that is not UTF-8: ${key}`);
  }
}
