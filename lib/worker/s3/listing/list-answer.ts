import type { ListObjectsV2CommandInput } from "@aws-sdk/client-s3";
import { badListing } from "./listed-names.js";
import type { More } from "./listed-names.js";
import { BadAnswer } from "../bad-answers.js";

/** What the SDK's output contains besides the names. */
interface Answered {
  IsTruncated?: boolean | undefined;
  NextContinuationToken?: string | undefined;
  Prefix?: string | undefined;
  CommonPrefixes?: { Prefix?: string | undefined }[] | undefined;
  $metadata?: object;
}

/** Names that are the same in encoded and unencoded form. */
const plain = /^[\w./-]+$/;

/**
 * Checks that a response is the requested listing. `KeyCount` is ignored, because some services omit it, leave common
 * prefixes out of it, or count keys on other pages.
 *
 * @returns whether there is another page
 * @throws BadAnswer if the response is not a listing, BadListing if it omits requested keys
 * @see https://github.com/seaweedfs/seaweedfs/issues/1741
 * @see https://github.com/scireum/s3ninja/issues/251
 */
export function checkAnswer(input: ListObjectsV2CommandInput, answer: Answered): More {
  const { IsTruncated, NextContinuationToken = "", Prefix = "", CommonPrefixes = [] } = answer;
  // The SDK parses any XML as a listing, so a proxy's page would look like an empty bucket.
  if (IsTruncated === undefined) throw new BadAnswer("the response is not a listing", answer.$metadata ?? {});
  const folder = input.Delimiter === undefined && CommonPrefixes.find((one) => Boolean(one.Prefix))?.Prefix;
  if (typeof folder === "string") {
    throw badListing(
      `the service listed the common prefix ${JSON.stringify(folder)} instead of the keys that begin with it, although no delimiter was sent`,
    );
  }
  const asked = input.Prefix ?? "";
  if (plain.test(Prefix) && (plain.test(asked) || asked === "") && !asked.startsWith(Prefix)) {
    throw badListing(
      `the service listed keys with the prefix ${JSON.stringify(Prefix)}, but keys with the prefix ${JSON.stringify(asked)} were requested`,
    );
  }
  if (IsTruncated) return "yes";
  return NextContinuationToken === "" ? "no" : "perhaps";
}
