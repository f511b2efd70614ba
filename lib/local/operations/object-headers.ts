import { S3Error } from "../s3-error.js";
import type { Checksums, ObjectRecord } from "../store/records.js";
import { element } from "../xml.js";

const kept = [
  "content-type",
  "content-encoding",
  "content-language",
  "content-disposition",
  "cache-control",
  "expires",
  "x-amz-website-redirect-location",
];
const METADATA = "x-amz-meta-";
const MAX_METADATA_BYTES = 2048;
const storageClasses = new Set([
  ...["STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING"],
  ...["GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"],
]);

// The library sends none of these, and to ignore one would lose data or claim what was not done.
const unsupported = [
  "if-modified-since",
  "if-unmodified-since",
  "x-amz-acl",
  "x-amz-mp-object-size",
  "x-amz-tagging",
  "x-amz-write-offset-bytes",
  "x-amz-object-lock-mode",
  "x-amz-object-lock-retain-until-date",
  "x-amz-object-lock-legal-hold",
  "x-amz-server-side-encryption-customer-algorithm",
  "x-amz-server-side-encryption-customer-key",
  "x-amz-copy-source-if-modified-since",
  "x-amz-copy-source-if-unmodified-since",
  "x-amz-copy-source-server-side-encryption-customer-algorithm",
];
const otherChecksum = /^x-amz-checksum-(?!(?:crc32|algorithm|type|mode)$)/;

/** Refuses a request whose headers ask for what is not implemented. */
export function checkSupported(headers: Record<string, string>): void {
  const refuse = (name: string): never => {
    throw new S3Error("NotImplemented", { elements: { Header: name } });
  };
  for (const name of unsupported) if (headers[name] !== undefined) refuse(name);
  for (const name of Object.keys(headers)) if (otherChecksum.test(name)) refuse(name);
  const algorithm = headers["x-amz-checksum-algorithm"];
  if (algorithm !== undefined && algorithm !== "CRC32") refuse("x-amz-checksum-algorithm");
  // The body is then encoded as aws-chunked.
  if (headers["x-amz-content-sha256"]?.startsWith("STREAMING-")) refuse("x-amz-content-sha256");
}

/** How a PUT, a copy or the start of an upload describes the object. */
export function objectHeadersOf(headers: Record<string, string>): {
  headers: Record<string, string>;
  storageClass?: string;
} {
  const found: Record<string, string> = {};
  for (const name of kept) if (headers[name] !== undefined) found[name] = headers[name];
  found["content-type"] ??= "binary/octet-stream";
  const encoding = (found["content-encoding"] ?? "").trim();
  if (encoding === "") delete found["content-encoding"];
  else found["content-encoding"] = encoding;
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(METADATA)) continue;
    bytes += Buffer.byteLength(name) - METADATA.length + Buffer.byteLength(value);
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

export function checksumHeaders(checksums: Checksums | undefined): Record<string, string> {
  if (!checksums) return {};
  const headers: Record<string, string> = { "x-amz-checksum-type": checksums.type };
  for (const [name, value] of Object.entries(checksums.values)) headers[`x-amz-checksum-${name}`] = value;
  return headers;
}

/** The checksums in the XML of a copy or a completed upload. */
export function checksumElements(checksums: Checksums | undefined): string {
  if (!checksums) return "";
  const values = Object.entries(checksums.values);
  return (
    values.map(([name, value]) => element(`Checksum${name.toUpperCase()}`, value)).join("") +
    element("ChecksumType", checksums.type)
  );
}

/** The headers of GET and HEAD that describe the object, without those of the body. */
export function replyHeadersOf(record: ObjectRecord): Record<string, string> {
  return {
    ...record.headers,
    "accept-ranges": "bytes",
    etag: `"${record.etag}"`,
    "last-modified": new Date(record.modified).toUTCString(),
    ...(record.storageClass !== undefined && { "x-amz-storage-class": record.storageClass }),
  };
}
