import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import type { Operation } from "./direct-attempt.js";
import { crc32 } from "./get.js";
import { isPlain, plainHeaders } from "./plain-headers.js";

/** Above it the SDK's own work counts for little. */
const MAX_BYTES = 1024 * 1024;

const elsewhere = new Set(["Bucket", "Key", "Body", "Metadata"]);
const headerNames = {
  ContentType: "content-type",
  ContentEncoding: "content-encoding",
  CacheControl: "cache-control",
  RequestPayer: "x-amz-request-payer",
  ServerSideEncryption: "x-amz-server-side-encryption",
  SSEKMSKeyId: "x-amz-server-side-encryption-aws-kms-key-id",
  StorageClass: "x-amz-storage-class",
};

/** A write without conditions. */
export function putting(input: PutObjectCommandInput): Operation<{ done: true }> {
  return {
    name: "PutObject",
    draft: ({ sendsChecksums }) => {
      const { Key: key, Body: body, Metadata: metadata = {} } = input;
      const headers = plainHeaders(input, headerNames, elsewhere);
      if (headers === undefined || key === undefined || !Buffer.isBuffer(body) || body.length > MAX_BYTES)
        return undefined;
      for (const [name, value] of Object.entries(metadata)) {
        const header = `x-amz-meta-${name.toLowerCase()}`;
        if (header in headers || !isPlain(name) || !isPlain(value)) return undefined;
        headers[header] = value;
      }
      headers["content-length"] = String(body.length);
      if (sendsChecksums) {
        headers["x-amz-sdk-checksum-algorithm"] = "CRC32";
        headers["x-amz-checksum-crc32"] = crc32(body);
      }
      return { method: "PUT", key, search: "x-id=PutObject", headers, body };
    },
    read: ({ statusCode, headers, body }) =>
      // S3 says nothing more. Whatever has more to say, the SDK knows.
      statusCode === 200 && headers["etag"] !== undefined && body.length === 0 ? { done: true } : undefined,
  };
}
