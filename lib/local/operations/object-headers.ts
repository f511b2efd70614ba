import { S3Error } from "../s3-error.js";
import type { BodyRecord, ObjectRecord } from "../store/records.js";
import type { Elements } from "../xml.js";

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

// The library sends none of these headers. Ignoring one would lose data, or report as done what was not done.
const unsupported = [
  /^if-(?:un)?modified-since$/,
  /^x-amz-(?:acl$|mp-object-size$|object-lock-|server-side-encryption-customer-|tagging$|write-offset-bytes$)/,
  /^x-amz-copy-source-(?!if-match$|range$)/,
  /^x-amz-checksum-(?!crc32$|algorithm$|type$|mode$)/,
];

/** Throws for a header that asks for something that is not implemented. */
export function checkSupported(headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) {
    const isSupported =
      !unsupported.some((names) => names.test(name)) &&
      (name !== "x-amz-checksum-algorithm" || value === "CRC32") &&
      // The body would be encoded as aws-chunked.
      (name !== "x-amz-content-sha256" || !value.startsWith("STREAMING-"));
    if (!isSupported) throw new S3Error("NotImplemented", { Header: name });
  }
}

/** What a PUT, a copy or the start of an upload stores with the object. */
export function objectHeadersOf(
  headers: Record<string, string>,
): Pick<ObjectRecord, "headers" | "storageClass"> {
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
  if (bytes > MAX_METADATA_BYTES)
    throw new S3Error("MetadataTooLarge", { Size: bytes, MaxSizeAllowed: MAX_METADATA_BYTES });
  const storageClass = headers["x-amz-storage-class"];
  if (storageClass !== undefined && !storageClasses.has(storageClass))
    throw new S3Error("InvalidStorageClass", { StorageClassRequested: storageClass });
  return {
    headers: found,
    ...(storageClass !== undefined && storageClass !== "STANDARD" && { storageClass }),
  };
}

export function crc32Of({ checksums }: BodyRecord): string | undefined {
  return checksums?.values.crc32;
}

export function checksumsOf(crc32: string | undefined): Pick<BodyRecord, "checksums"> {
  return crc32 === undefined ? {} : { checksums: { type: "FULL_OBJECT", values: { crc32 } } };
}

export function checksumHeaders(record: BodyRecord): Record<string, string> {
  const crc32 = crc32Of(record);
  return crc32 === undefined ? {} : { "x-amz-checksum-crc32": crc32, "x-amz-checksum-type": "FULL_OBJECT" };
}

/** The checksum in the XML of a copy or a completed upload. */
export function checksumElements(record: BodyRecord): Elements {
  const crc32 = crc32Of(record);
  return crc32 === undefined ? {} : { ChecksumCRC32: crc32, ChecksumType: "FULL_OBJECT" };
}

/** The headers in the responses to GET and HEAD that describe the object, without those of the body. */
export function replyHeadersOf(record: ObjectRecord): Record<string, string> {
  return {
    ...record.headers,
    "accept-ranges": "bytes",
    etag: `"${record.etag}"`,
    "last-modified": new Date(record.modified).toUTCString(),
    ...(record.storageClass !== undefined && { "x-amz-storage-class": record.storageClass }),
  };
}
