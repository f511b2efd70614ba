import zlib from "node:zlib";
import type {
  CopyObjectCommandInput,
  DeleteObjectCommandInput,
  PutObjectCommandInput,
  UploadPartCommandInput,
} from "@aws-sdk/client-s3";
import { crc32Text } from "../../../local/body/crc32.js";
import type { Operation } from "./direct-attempt.js";
import { escapeUri, isPlain, plainHeaders } from "./messages.js";

/** Above this size, the SDK's own work is small compared with the transfer. */
const MAX_PUT_BYTES = 1024 * 1024;

const putHeaders = {
  ContentType: "content-type",
  ContentEncoding: "content-encoding",
  CacheControl: "cache-control",
  ServerSideEncryption: "x-amz-server-side-encryption",
  SSEKMSKeyId: "x-amz-server-side-encryption-aws-kms-key-id",
  StorageClass: "x-amz-storage-class",
};

const putElsewhere = ["Body", "Metadata"];

const copyHeaders = {
  ...putHeaders,
  ContentDisposition: "content-disposition",
  ContentLanguage: "content-language",
  WebsiteRedirectLocation: "x-amz-website-redirect-location",
  CopySource: "x-amz-copy-source",
  CopySourceIfMatch: "x-amz-copy-source-if-match",
  MetadataDirective: "x-amz-metadata-directive",
};

const partHeaders = { ChecksumCRC32: "x-amz-checksum-crc32" };
const partElsewhere = ["Body", "PartNumber", "UploadId"];

/** An unconditional write. */
export function putting(input: PutObjectCommandInput): Operation<{ done: true }> {
  return {
    name: "PutObject",
    draft: ({ sendsChecksums }) => {
      const { Key: key, Body: body, Metadata: metadata = {} } = input;
      const headers = plainHeaders(input, putHeaders, putElsewhere);
      if (headers === undefined || key === undefined || !Buffer.isBuffer(body) || body.length > MAX_PUT_BYTES)
        return undefined;
      if (!addMetadata(headers, metadata)) return undefined;
      headers["content-length"] = String(body.length);
      if (sendsChecksums) {
        headers["x-amz-sdk-checksum-algorithm"] = "CRC32";
        headers["x-amz-checksum-crc32"] = crc32(body);
      }
      return { method: "PUT", key, search: "x-id=PutObject", headers, body };
    },
    // S3's response has no body. Any other response is left to the SDK.
    read: ({ statusCode, headers, body }) =>
      statusCode === 200 && headers["etag"] !== undefined && body.length === 0 ? { done: true } : undefined,
  };
}

/** @returns false if the request needs the SDK */
function addMetadata(headers: Record<string, string>, metadata: Record<string, string>): boolean {
  for (const [name, value] of Object.entries(metadata)) {
    const header = `x-amz-meta-${name.toLowerCase()}`;
    if (header in headers || !isPlain(name) || !isPlain(value)) return false;
    headers[header] = value;
  }
  return true;
}

/** A copy whose target may exist. S3 may send an error with status 200, which is left to the SDK. */
export function copying(input: CopyObjectCommandInput): Operation<{ etag: string }> {
  return {
    name: "CopyObject",
    draft: () => {
      const { Key: key, Metadata: metadata = {} } = input;
      const headers = plainHeaders(input, copyHeaders, ["Metadata"]);
      if (headers === undefined || key === undefined || !addMetadata(headers, metadata)) return undefined;
      headers["content-length"] = "0";
      return { method: "PUT", key, search: "x-id=CopyObject", headers, body: Buffer.alloc(0) };
    },
    read: ({ statusCode, body }) => {
      if (statusCode !== 200) return undefined;
      const page = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
      const etag = copyResult.exec(page)?.[1];
      return etag === undefined
        ? undefined
        : { etag: etag.replaceAll("&quot;", '"').replaceAll("&#34;", '"') };
    },
  };
}

const copyResult =
  /^\s*(?:<\?xml [^<>]*\?>)?\s*<CopyObjectResult(?: xmlns="[^"<>]*")?>[^]*<ETag>([^<>]+)<\/ETag>[^]*<\/CopyObjectResult>\s*$/;

/** One part of a multipart upload. */
export function uploadingPart(input: UploadPartCommandInput): Operation<{ ETag: string }> {
  return {
    name: "UploadPart",
    draft: () => {
      const { Key: key, Body: body, PartNumber, UploadId } = input;
      const headers = plainHeaders(input, partHeaders, partElsewhere);
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

/**
 * An unconditional delete. Any empty response is accepted, because some services send no request id and the content
 * type text/html. An empty 200 from a proxy cannot be told apart.
 */
export function deleting(input: DeleteObjectCommandInput): Operation<{ done: true }> {
  return {
    name: "DeleteObject",
    draft: () => {
      const headers = plainHeaders(input);
      if (headers === undefined || input.Key === undefined) return undefined;
      return { method: "DELETE", key: input.Key, search: "x-id=DeleteObject", headers };
    },
    read: ({ statusCode, body }) =>
      (statusCode === 204 || statusCode === 200) && body.length === 0 ? { done: true } : undefined,
  };
}

/** A checksum as S3 writes it: Base64 of the big-endian CRC32. */
export function crc32(bytes: Uint8Array): string {
  return crc32Text(zlib.crc32(bytes));
}
