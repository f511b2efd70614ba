import { createHash } from "node:crypto";
import { partsOf, removeParts } from "../body/body-reader.js";
import { combineCrc32s } from "../body/crc32.js";
import { CRC32_MISMATCH, receiveXml } from "../body/receive-body.js";
import { xmlReply, type Context, type Reply, type S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import type { BodyRecord, ObjectRecord, UploadRecord } from "../store/records.js";
import { childText, elements, type XmlElement } from "../xml.js";
import { writeConditionsOf } from "./conditions.js";
import { findUpload, MAX_PARTS } from "./multipart.js";
import { checksumElements, checksumsOf, crc32Of } from "./object-headers.js";
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
  const object = await store.write(0, (plan) => {
    signal?.throwIfAborted();
    const { uploadId, upload, storedKey } = findUpload(context, request, plan);
    const uploaded = new Map(partsOf(store, uploadId).map(({ partNumber, part }) => [partNumber, part]));
    const completed = objectOf(uploadId, upload, choose(chosen, uploaded));
    const crc32 = crc32Of(completed);
    if (claimedCrc32 !== undefined && crc32 !== undefined && claimedCrc32 !== crc32)
      throw new S3Error("BadDigest", {}, CRC32_MISMATCH);
    putRecord(context, request, completed, conditions, plan);
    removeParts(store, uploadId, plan, new Set(chosen.map(({ partNumber }) => partNumber)));
    plan.remove(store.uploads, storedKey);
    return completed;
  });
  const content = elements({
    Location: `/${bucket}/${encodeURIComponent(key)}`,
    Bucket: bucket,
    Key: key,
    ETag: `"${object.etag}"`,
    ...checksumElements(object),
  });
  return xmlReply("CompleteMultipartUploadResult", content);
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
      const number = childText(part, "PartNumber") ?? "";
      const etag = childText(part, "ETag");
      if (!/^\d{1,5}$/.test(number) || etag === undefined)
        throw new SyntaxError("a <Part> without number or ETag");
      const other = part.children.find(({ name }) => !partElements.has(name));
      if (other) throw new S3Error("NotImplemented", { Element: other.name });
      const crc32 = childText(part, "ChecksumCRC32");
      return { partNumber: Number(number), etag: etag.replace(/^"(.*)"$/, "$1"), crc32 };
    });
  if (parts.length === 0 || parts.length > MAX_PARTS) throw new SyntaxError("1 to 10000 parts");
  return parts;
}

function choose(chosen: ChosenPart[], uploaded: Map<number, BodyRecord>): BodyRecord[] {
  if (chosen.some(({ partNumber }, index) => partNumber <= (chosen[index - 1]?.partNumber ?? 0)))
    throw new S3Error("InvalidPartOrder");
  return chosen.map(({ partNumber, etag, crc32 }, index) => {
    const part = uploaded.get(partNumber);
    const identity = { PartNumber: partNumber, ETag: etag };
    if (part?.etag !== etag || (crc32 !== undefined && crc32Of(part) !== crc32))
      throw new S3Error("InvalidPart", identity);
    if (part.size < MIN_PART_SIZE && index < chosen.length - 1) {
      const sizes = { ProposedSize: part.size, MinSizeAllowed: MIN_PART_SIZE };
      throw new S3Error("EntityTooSmall", { ...sizes, ...identity });
    }
    return part;
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html */
function objectOf(
  uploadId: string,
  { headers, storageClass, algorithm }: UploadRecord,
  parts: BodyRecord[],
): ObjectRecord {
  const digests = createHash("md5");
  for (const { etag } of parts) digests.update(Buffer.from(etag, "hex"));
  return {
    id: uploadId,
    size: parts.reduce((sum, { size }) => sum + size, 0),
    etag: `${digests.digest("hex")}-${parts.length}`,
    modified: Date.now(),
    headers,
    ...(storageClass !== undefined && { storageClass }),
    ...checksumsOf(
      algorithm && combineCrc32s(parts.map((part) => ({ checksum: crc32Of(part)!, size: part.size }))),
    ),
    parts: parts.length,
  };
}
