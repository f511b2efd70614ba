import { createHash } from "node:crypto";
import { partsOf, removeBody } from "../body/body-reader.js";
import { objectKey, touchBucket } from "./buckets.js";
import { checkWrite, writeConditionsOf } from "./conditions.js";
import { combineCrc32s } from "../body/crc32.js";
import { CRC32_MISMATCH, receiveSmallBody } from "../body/receive-body.js";
import type { Checksums, ObjectRecord, PartRecord, UploadRecord } from "../store/records.js";
import type { Context, Reply, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import { findUpload, hasCrc32, removePart, uploadKey } from "./uploads.js";
import { childText, element, parseXml, xmlDocument } from "../xml.js";

const MIN_PART_SIZE = 5 * 1024 * 1024;
const MAX_PARTS = 10_000;
const MAX_XML_BYTES = 8 * 1024 * 1024;

const partElements = new Set(["PartNumber", "ETag", "ChecksumCRC32"]);

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
export async function completeMultipartUpload(context: Context, request: S3Request): Promise<Reply> {
  const { bucket, key, headers } = request;
  const conditions = writeConditionsOf(headers);
  // A checksum of the object, not of this XML, may come with it.
  const bodyHeaders = Object.entries(headers).filter(([name]) => !name.startsWith("x-amz-checksum-"));
  const { bytes } = await receiveSmallBody(
    { ...request, headers: Object.fromEntries(bodyHeaders) },
    MAX_XML_BYTES,
  );
  const chosen = parseComplete(bytes);
  const { store, signal } = context;
  const record = await store.write(0, (plan) => {
    signal?.throwIfAborted();
    const { uploadId, upload } = findUpload(context, request, plan);
    const uploaded = new Map(partsOf(store, uploadId).map(({ partNumber, part }) => [partNumber, part]));
    const completed = objectOf(uploadId, upload, choose(chosen, uploaded));
    checkClaim(headers, completed);
    const storedKey = objectKey(bucket, key);
    const old = plan.read(store.objects, storedKey);
    checkWrite(old, conditions, key);
    if (old) removeBody(store, old, plan);
    else touchBucket(context, bucket, plan);
    const kept = new Set(chosen.map(({ partNumber }) => partNumber));
    for (const [partNumber, part] of uploaded)
      if (!kept.has(partNumber)) removePart(store, uploadId, partNumber, part.id, plan);
    plan.put(store.objects, storedKey, completed);
    plan.remove(store.uploads, uploadKey(bucket, key, uploadId));
    return completed;
  });
  const content = [
    element("Location", `/${bucket}/${encodeURIComponent(key)}`),
    element("Bucket", bucket),
    element("Key", key),
    element("ETag", `"${record.etag}"`),
    ...Object.entries(record.checksums?.values ?? {}).map(([name, value]) =>
      element(`Checksum${name.toUpperCase()}`, value),
    ),
    ...(record.checksums ? [element("ChecksumType", record.checksums.type)] : []),
  ];
  return {
    statusCode: 200,
    headers: {},
    body: xmlDocument("CompleteMultipartUploadResult", content.join("")),
  };
}

interface ChosenPart {
  partNumber: number;
  etag: string;
  crc32: string | undefined;
}

function parseComplete(bytes: Buffer): ChosenPart[] {
  try {
    const root = parseXml(bytes);
    if (root.name !== "CompleteMultipartUpload") throw new SyntaxError("not a <CompleteMultipartUpload>");
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
  } catch (error) {
    if (error instanceof SyntaxError) throw new S3Error("MalformedXML");
    throw error;
  }
}

function choose(chosen: ChosenPart[], uploaded: Map<number, PartRecord>): PartRecord[] {
  chosen.forEach(({ partNumber }, index) => {
    if (index > 0 && partNumber <= (chosen[index - 1]?.partNumber ?? 0))
      throw new S3Error("InvalidPartOrder");
  });
  return chosen.map(({ partNumber, etag, crc32 }, index) => {
    const part = uploaded.get(partNumber);
    const isSame = part?.etag === etag && (crc32 === undefined || part.checksums?.values["crc32"] === crc32);
    if (!part || !isSame)
      throw new S3Error("InvalidPart", { elements: { PartNumber: String(partNumber), ETag: etag } });
    if (part.size < MIN_PART_SIZE && index < chosen.length - 1) {
      const elements = {
        ProposedSize: String(part.size),
        MinSizeAllowed: String(MIN_PART_SIZE),
        PartNumber: String(partNumber),
        ETag: part.etag,
      };
      throw new S3Error("EntityTooSmall", { elements });
    }
    return part;
  });
}

function objectOf(uploadId: string, upload: UploadRecord, parts: PartRecord[]): ObjectRecord {
  const digests = createHash("md5");
  for (const { etag } of parts) digests.update(Buffer.from(etag, "hex"));
  const checksums = wholeChecksum(upload, parts);
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
function wholeChecksum(upload: UploadRecord, parts: PartRecord[]): Checksums | undefined {
  if (!hasCrc32(upload)) return undefined;
  const crc32 = combineCrc32s(
    parts.map(({ checksums, size }) => ({ checksum: checksums?.values["crc32"] ?? "", size })),
  );
  return { type: "FULL_OBJECT", values: { crc32 } };
}

function checkClaim(headers: Record<string, string>, { checksums }: ObjectRecord): void {
  const claimed = headers["x-amz-checksum-crc32"];
  const computed = checksums?.values["crc32"];
  if (claimed !== undefined && computed !== undefined && claimed !== computed)
    throw new S3Error("BadDigest", { message: CRC32_MISMATCH });
}
