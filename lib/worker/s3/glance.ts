import type { Glance } from "../../bridge/protocol.js";
import { OperationError } from "../failure.js";
import { askForPage, decodeKey } from "./list-objects.js";
import type { ListRequest } from "./list-objects.js";
import type { Target } from "./s3.js";

/**
 * The first objects under a prefix with their sizes and times, and the folders there. One LIST.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function glance(target: Target, request: ListRequest, signal: AbortSignal): Promise<Glance> {
  const output = await askForPage(target, request, signal);
  const seen: Glance = {
    objects: (output.Contents ?? []).map(({ Key, Size = 0, LastModified }) => ({
      key: decodeKey(Key),
      size: Size,
      lastModified: LastModified?.getTime() ?? NaN,
    })),
    folders: (output.CommonPrefixes ?? []).map(({ Prefix }) => decodeKey(Prefix)),
  };
  if (!output.IsTruncated) return seen;
  // With a token alone: a folder is no key, after which a page could begin.
  if (output.NextContinuationToken === undefined) {
    throw new OperationError("BadListing", "the service says that there is more, and not where");
  }
  return { ...seen, next: { token: output.NextContinuationToken } };
}
