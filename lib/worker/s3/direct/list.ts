import type { ListObjectsV2CommandInput } from "@aws-sdk/client-s3";
import { toSearch } from "./escape.js";
import type { Operation } from "./direct-attempt.js";
import { parsePage } from "./list-page.js";
import type { ListPage } from "./list-page.js";
import { plainHeaders } from "./plain-headers.js";

const inQuery = new Set(["Bucket", "Prefix", "MaxKeys", "EncodingType", "ContinuationToken", "StartAfter"]);
const headerNames = { RequestPayer: "x-amz-request-payer" };

/** A page of a listing, with its keys escaped as for a URL. */
export function listing(input: ListObjectsV2CommandInput): Operation<ListPage> {
  return {
    name: "ListObjectsV2",
    draft: () => {
      const headers = plainHeaders(input, headerNames, inQuery);
      if (headers === undefined || input.EncodingType !== "url") return undefined;
      const { ContinuationToken: token, MaxKeys: maxKeys, Prefix: prefix, StartAfter: startAfter } = input;
      const search = toSearch({
        "continuation-token": token,
        "encoding-type": "url",
        "list-type": "2",
        "max-keys": maxKeys === undefined ? undefined : String(maxKeys),
        prefix,
        "start-after": startAfter,
      });
      return { method: "GET", search, headers };
    },
    read: ({ statusCode, body }) => {
      if (statusCode !== 200) return undefined;
      return parsePage(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
    },
  };
}
