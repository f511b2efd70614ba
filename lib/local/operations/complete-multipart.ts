import { createHash } from "node:crypto";
import { partsOf, removePart } from "../body/body-reader.js";
import { combineCrc32s } from "../body/crc32.js";
import { CRC32_MISMATCH, receiveXml } from "../body/receive-body.js";
import type { Context, Reply, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import type { BodyRecord, Checksums, ObjectRecord, UploadRecord } from "../store/records.js";
import { childText, element, xmlDocument, type XmlElement } from "../xml.js";
import { writeConditionsOf } from "./conditions.js";
import { findUpload, MAX_PARTS } from "./multipart.js";
import { checksumElements } from "./object-headers.js";
import { putRecord } from "./put-object.js";

const MIN_PART_SIZE = 5 * 1024 * 1024;

const partElements = new Set(["PartNumber", "ETag", "ChecksumCRC32"]);

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
export async function completeMultipartUpload(context: Context, request: S3Request): Promise<Reply> {
  const { bucket, key, headers, body } = request;
  const conditions = writeConditionsOf(headers);
  // The checksum is that of the object, not of this XML.
  const { "x-amz-checksum-crc32": claimedCrc32, ...bodyHeaders } = headers;
  const chosen = await receiveXml({ headers: bodyHeaders, body }, "CompleteMultipartUpload", chosenParts);
  const { store, signal } = context;
  const { etag, checksums } = await store.write(0, (plan) => {
    signal?.throwIfAborted();
    const { uploadId, upload, storedKey } = findUpload(context, request, plan);
    const uploaded = new Map(partsOf(store, uploadId).map(({ partNumber, part }) => [partNumber, part]));
    const completed = objectOf(uploadId, upload, choose(chosen, uploaded));
    const crc32 = completed.checksums?.values["crc32"];
    if (claimedCrc32 !== undefined && crc32 !== undefined && claimedCrc32 !== crc32)
      throw new S3Error("BadDigest", { message: CRC32_MISMATCH });
    putRecord(context, request, completed, conditions, plan);
    for (const { partNumber } of chosen) uploaded.delete(partNumber);
    for (const [partNumber, part] of uploaded) removePart(store, uploadId, partNumber, part, plan);
    plan.remove(store.uploads, storedKey);
    return completed;
  });
  const content =
    element("Location", `/${bucket}/${encodeURIComponent(key)}`) +
    element("Bucket", bucket) +
    element("Key", key) +
    element("ETag", `"${etag}"`) +
    checksumElements(checksums);
  return { statusCode: 200, headers: {}, body: xmlDocument("CompleteMultipartUploadResult", content) };
}

interface ChosenPart {
  partNumber: number;
  etag: string;
  crc32: string | undefined;
}

function chosenParts(root: XmlElement): ChosenPart[] {
  const parts = root.children
    .filter(({ name }) => name === "Part")
    .map((part) => {
      const number = childText(part, "PartNumber")?.trim() ?? "";
      const etag = childText(part, "ETag");
      if (!/^\d{1,5}$/.test(number) || etag === undefined)
        throw new SyntaxError("a <Part> without number or ETag");
      const other = part.children.find(({ name }) => !partElements.has(name));
      if (other) throw new S3Error("NotImplemented", { elements: { Element: other.name } });
      const crc32 = childText(part, "ChecksumCRC32");
      return { partNumber: Number(number), etag: etag.trim().replace(/^"(.*)"$/, "$1"), crc32 };
    });
  if (parts.length === 0 || parts.length > MAX_PARTS) throw new SyntaxError("1 to 10000 parts");
  return parts;
}

function choose(chosen: ChosenPart[], uploaded: Map<number, BodyRecord>): BodyRecord[] {
  let previous = 0;
  for (const { partNumber } of chosen) {
    if (partNumber <= previous) throw new S3Error("InvalidPartOrder");
    previous = partNumber;
  }
  return chosen.map(({ partNumber, etag, crc32 }, index) => {
    const part = uploaded.get(partNumber);
    const identity = { PartNumber: String(partNumber), ETag: etag };
    const isSame = part?.etag === etag && (crc32 === undefined || part.checksums?.values["crc32"] === crc32);
    if (!part || !isSame) throw new S3Error("InvalidPart", { elements: identity });
    if (part.size < MIN_PART_SIZE && index < chosen.length - 1) {
      const sizes = { ProposedSize: String(part.size), MinSizeAllowed: String(MIN_PART_SIZE) };
      throw new S3Error("EntityTooSmall", { elements: { ...sizes, ...identity } });
    }
    return part;
  });
}

function objectOf(uploadId: string, upload: UploadRecord, parts: BodyRecord[]): ObjectRecord {
  const digests = createHash("md5");
  for (const { etag } of parts) digests.update(Buffer.from(etag, "hex"));
  const checksums = checksumsOf(upload, parts);
  return {
    id: uploadId,
    size: parts.reduce((sum, { size }) => sum + size, 0),
    etag: `${digests.digest("hex")}-${parts.length}`,
    modified: Date.now(),
    headers: upload.headers,
    ...(upload.storageClass !== undefined && { storageClass: upload.storageClass }),
    ...(checksums && { checksums }),
    parts: parts.length,
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html */
function checksumsOf({ algorithm, checksumType }: UploadRecord, parts: BodyRecord[]): Checksums | undefined {
  // Older versions began uploads with other checksums.
  if (algorithm !== "crc32" || checksumType !== "FULL_OBJECT") return undefined;
  const crc32 = combineCrc32s(
    parts.map(({ checksums, size }) => ({ checksum: checksums?.values["crc32"] ?? "", size })),
  );
  return { type: checksumType, values: { crc32 } };
}
