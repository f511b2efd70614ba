import type { ListObjectsV2CommandInput } from "@aws-sdk/client-s3";
import type { Operation } from "./first-try.js";
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
      const query: Record<string, string> = {
        ...(token === undefined ? {} : { "continuation-token": token }),
        "encoding-type": "url",
        "list-type": "2",
        ...(maxKeys === undefined ? {} : { "max-keys": String(maxKeys) }),
        ...(prefix === undefined ? {} : { prefix }),
        ...(startAfter === undefined ? {} : { "start-after": startAfter }),
      };
      return { method: "GET", query, headers };
    },
    read: ({ statusCode, headers, body }) => {
      if (statusCode !== 200 || headers["content-type"]?.startsWith("text/html") === true) return undefined;
      return parsePage(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
    },
  };
}
