import { checksumAlgorithms } from "../body/checksums.js";
import type { Checksums, ObjectRecord } from "../store/records.js";
import { S3Error } from "../s3-error.js";

const kept = [
  "content-type",
  "content-encoding",
  "content-language",
  "content-disposition",
  "cache-control",
  "expires",
  "x-amz-website-redirect-location",
];
const MAX_METADATA_BYTES = 2048;
const storageClasses = new Set([
  ...["STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING"],
  ...["GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"],
]);
const acls = new Set(["private", "bucket-owner-full-control"]);
// What would be lost, or would be claimed and not done, if it were ignored.
const unsupported = [
  "x-amz-tagging",
  "x-amz-write-offset-bytes",
  "x-amz-object-lock-mode",
  "x-amz-object-lock-retain-until-date",
  "x-amz-object-lock-legal-hold",
  "x-amz-server-side-encryption-customer-algorithm",
  "x-amz-server-side-encryption-customer-key",
  "x-amz-copy-source-server-side-encryption-customer-algorithm",
];

/** What a PUT, a copy or the start of an upload says of the object besides its body, checked. */
export function objectHeadersOf(headers: Record<string, string>): {
  headers: Record<string, string>;
  storageClass?: string;
} {
  checkSupported(headers);
  const acl = headers["x-amz-acl"];
  if (acl !== undefined && !acls.has(acl)) throw new S3Error("AccessControlListNotSupported");
  const found: Record<string, string> = {};
  for (const name of kept) if (headers[name] !== undefined) found[name] = headers[name];
  found["content-type"] ??= "binary/octet-stream";
  const encoding = withoutChunked(found["content-encoding"] ?? "");
  if (encoding === "") delete found["content-encoding"];
  else found["content-encoding"] = encoding;
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith("x-amz-meta-")) continue;
    bytes += Buffer.byteLength(name.slice("x-amz-meta-".length)) + Buffer.byteLength(value);
    found[name] = value;
  }
  if (bytes > MAX_METADATA_BYTES) {
    const elements = { Size: String(bytes), MaxSizeAllowed: String(MAX_METADATA_BYTES) };
    throw new S3Error("MetadataTooLarge", { elements });
  }
  const storageClass = headers["x-amz-storage-class"];
  if (storageClass !== undefined && !storageClasses.has(storageClass))
    throw new S3Error("InvalidStorageClass", { elements: { StorageClassRequested: storageClass } });
  return {
    headers: found,
    ...(storageClass !== undefined && storageClass !== "STANDARD" && { storageClass }),
  };
}

// aws-chunked says how the body came over the wire, not what it is. All else is kept as it came.
function withoutChunked(encoding: string): string {
  const isChunked = (token: string): boolean => token.trim().toLowerCase() === "aws-chunked";
  return encoding
    .split(",")
    .filter((token) => !isChunked(token))
    .join(",")
    .trim();
}

export function checkSupported(headers: Record<string, string>): void {
  for (const name of unsupported)
    if (headers[name] !== undefined) throw new S3Error("NotImplemented", { elements: { Header: name } });
}

export function checksumHeaders(checksums: Checksums | undefined): Record<string, string> {
  if (!checksums) return {};
  const found: Record<string, string> = { "x-amz-checksum-type": checksums.type };
  for (const algorithm of checksumAlgorithms) {
    const value = checksums.values[algorithm];
    if (value !== undefined) found[`x-amz-checksum-${algorithm}`] = value;
  }
  return found;
}

/** The headers with which GET and HEAD describe an object, but for those of the body. */
export function replyHeadersOf(record: ObjectRecord): Record<string, string> {
  return {
    ...record.headers,
    "accept-ranges": "bytes",
    etag: `"${record.etag}"`,
    "last-modified": new Date(record.modified).toUTCString(),
    ...(record.storageClass !== undefined && { "x-amz-storage-class": record.storageClass }),
  };
}
