import type { HeadObjectCommandInput, HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import type { Answer } from "./exchange.js";
import type { Operation } from "./first-try.js";
import { plainHeaders } from "./plain-headers.js";

const inPath = new Set(["Bucket", "Key"]);
const headerNames = { RequestPayer: "x-amz-request-payer" };

/** What is known of an object, or false where S3 has answered 404. */
export function heading(
  input: HeadObjectCommandInput,
): Operation<{ head: Omit<HeadObjectCommandOutput, "$metadata"> | false }> {
  return {
    name: "HeadObject",
    draft: () => {
      const headers = plainHeaders(input, headerNames, inPath);
      if (headers === undefined || input.Key === undefined) return undefined;
      return { method: "HEAD", key: input.Key, headers };
    },
    read: (answer) => {
      const { statusCode, headers } = answer;
      // Without the id it is a proxy's on the way.
      if (statusCode === 404 && headers["x-amz-request-id"]) return { head: false };
      const head = statusCode === 200 ? headOf(answer) : undefined;
      return head && { head };
    },
  };
}

function headOf({ headers }: Answer): Omit<HeadObjectCommandOutput, "$metadata"> | undefined {
  const size = Number(headers["content-length"]);
  const date = headers["last-modified"] ?? "";
  const modified = new Date(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(date) ? date : NaN);
  if (headers["etag"] === undefined || !Number.isSafeInteger(size) || Number.isNaN(modified.getTime()))
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

/** What was stored beside an object, by its names without their prefix. */
export function metadataIn(headers: Record<string, string>): Record<string, string> {
  const prefix = "x-amz-meta-";
  const metadata: Record<string, string> = {};
  for (const name in headers) {
    if (name.startsWith(prefix)) metadata[name.slice(prefix.length)] = headers[name]!;
  }
  return metadata;
}
