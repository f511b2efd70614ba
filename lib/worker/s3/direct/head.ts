import type { HeadObjectCommandInput, HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import type { Operation } from "./direct-attempt.js";
import { plainHeaders } from "./plain-headers.js";
import { metadataIn } from "../body/metadata.js";

const inPath = new Set(["Bucket", "Key"]);
const headerNames = { RequestPayer: "x-amz-request-payer" };

export type Found = Omit<HeadObjectCommandOutput, "$metadata">;

/** What is known of an object, or false where S3 has answered 404. */
export function heading(input: HeadObjectCommandInput): Operation<{ head: Found | false }> {
  return {
    name: "HeadObject",
    draft: () => {
      const headers = plainHeaders(input, headerNames, inPath);
      if (headers === undefined || input.Key === undefined) return undefined;
      return { method: "HEAD", key: input.Key, headers };
    },
    read: ({ statusCode, headers }) => {
      // Without the id it is a proxy's on the way.
      if (statusCode === 404 && headers["x-amz-request-id"]) return { head: false };
      const head = statusCode === 200 ? headOf(headers, Number(headers["content-length"])) : undefined;
      return head && { head };
    },
  };
}

/** @returns undefined where something is missing, or not of the plain kind */
export function headOf(headers: Record<string, string>, size: number | undefined): Found | undefined {
  const date = headers["last-modified"] ?? "";
  const modified = new Date(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(date) ? date : NaN);
  if (
    headers["etag"] === undefined ||
    size === undefined ||
    !Number.isSafeInteger(size) ||
    Number.isNaN(modified.getTime())
  )
    return undefined;
  return {
    ContentLength: size,
    ETag: headers["etag"],
    LastModified: modified,
    ContentType: headers["content-type"],
    ContentEncoding: headers["content-encoding"],
    CacheControl: headers["cache-control"],
    Metadata: metadataIn(headers),
  };
}
