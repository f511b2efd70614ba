import type { ListObjectsV2CommandInput } from "@aws-sdk/client-s3";
import { badListing } from "./listed-names.js";
import type { More } from "./listed-names.js";
import { BadAnswer } from "../bad-answers.js";

/** What the SDK's output says beside the names. */
interface Answered {
  IsTruncated?: boolean | undefined;
  NextContinuationToken?: string | undefined;
  Prefix?: string | undefined;
  CommonPrefixes?: { Prefix?: string | undefined }[] | undefined;
  $metadata?: object;
}

/** Names that are the same encoded and unencoded. */
const plain = /^[\w./-]+$/;

/**
 * Checks that an answer is the requested listing. `KeyCount` is ignored: services omit it, omit keys that it counts, or
 * count keys on other pages.
 *
 * @returns whether there is another page
 * @throws BadAnswer if it is not a listing, BadListing if it omits requested keys
 * @see https://github.com/seaweedfs/seaweedfs/issues/1741
 * @see https://github.com/scireum/s3ninja/issues/251
 */
export function checkAnswer(input: ListObjectsV2CommandInput, answer: Answered): More {
  const { IsTruncated, NextContinuationToken = "", Prefix = "", CommonPrefixes = [] } = answer;
  // The SDK reads any XML as a listing, and a proxy's page as an empty bucket.
  if (IsTruncated === undefined) throw new BadAnswer("the answer is not a listing", answer.$metadata ?? {});
  const folder = input.Delimiter === undefined && CommonPrefixes.find((one) => Boolean(one.Prefix))?.Prefix;
  if (typeof folder === "string") {
    throw badListing(
      `the service lists ${JSON.stringify(folder)} in place of the keys that begin with it, which were asked for`,
    );
  }
  const asked = input.Prefix ?? "";
  if (plain.test(Prefix) && (plain.test(asked) || asked === "") && !asked.startsWith(Prefix)) {
    throw badListing(
      `the service lists what begins with ${JSON.stringify(Prefix)}, and was asked for ${JSON.stringify(asked)}`,
    );
  }
  if (IsTruncated) return "yes";
  return NextContinuationToken === "" ? "no" : "perhaps";
}
