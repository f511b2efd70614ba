import type { DeleteObjectCommandInput } from "@aws-sdk/client-s3";
import type { Operation } from "./direct-attempt.js";
import { plainHeaders } from "./plain-headers.js";

const inPath = new Set(["Bucket", "Key"]);
const headerNames = { RequestPayer: "x-amz-request-payer" };

/**
 * A deletion without conditions. An empty answer is taken for S3's, whatever its headers: some services give no ids, and
 * call it text/html. A proxy that answers a DELETE with an empty 200 of its own cannot be told from them.
 */
export function deleting(input: DeleteObjectCommandInput): Operation<{ done: true }> {
  return {
    name: "DeleteObject",
    draft: () => {
      const headers = plainHeaders(input, headerNames, inPath);
      if (headers === undefined || input.Key === undefined) return undefined;
      return { method: "DELETE", key: input.Key, search: "x-id=DeleteObject", headers };
    },
    read: ({ statusCode, body }) =>
      (statusCode === 204 || statusCode === 200) && body.length === 0 ? { done: true } : undefined,
  };
}
