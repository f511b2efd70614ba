import type { UploadPartCommandInput } from "@aws-sdk/client-s3";
import { escapeUri } from "./escape.js";
import type { Operation } from "./direct-attempt.js";
import { plainHeaders } from "./plain-headers.js";

const elsewhere = new Set(["Bucket", "Key", "Body", "PartNumber", "UploadId"]);
const headerNames = { ChecksumCRC32: "x-amz-checksum-crc32", RequestPayer: "x-amz-request-payer" };

/** A part of an upload. */
export function uploadingPart(input: UploadPartCommandInput): Operation<{ ETag: string }> {
  return {
    name: "UploadPart",
    draft: () => {
      const { Key: key, Body: body, PartNumber, UploadId } = input;
      const headers = plainHeaders(input, headerNames, elsewhere);
      if (headers === undefined || key === undefined || UploadId === undefined || !Buffer.isBuffer(body))
        return undefined;
      headers["content-type"] = "application/octet-stream";
      headers["content-length"] = String(body.length);
      const search = `partNumber=${PartNumber}&uploadId=${escapeUri(UploadId)}&x-id=UploadPart`;
      return { method: "PUT", key, search, headers, body };
    },
    read: ({ statusCode, headers, body }) => {
      const ETag = headers["etag"];
      return statusCode === 200 && ETag !== undefined && body.length === 0 ? { ETag } : undefined;
    },
  };
}
