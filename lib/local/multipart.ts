import { createHash } from "node:crypto";
import { partKey, partsOf, removeBody } from "./body-reader.js";
import { newBodyId, removeChunks, type BodyWriter } from "./body-writer.js";
import { checkBucket, objectKey, touchBucket } from "./buckets.js";
import { checksumAlgorithms, createChecksum, type ChecksumAlgorithm } from "./checksums.js";
import { checkWrite, writeConditionsOf } from "./conditions.js";
import { copyResult, openSource, storeCopy } from "./copy-object.js";
import { combineCrcs } from "./crc-combine.js";
import { checksumHeaders, objectHeadersOf } from "./object-headers.js";
import { checksumsOf, checkTarget, storeBody } from "./put-object.js";
import { receiveSmallBody, type Received } from "./receive-body.js";
import type { Checksums, ObjectRecord, PartRecord, UploadRecord } from "./records.js";
import type { Context, Reply, S3Request } from "./request.js";
import { S3Error } from "./s3-error.js";
import { findUpload, removePart, uploadKey } from "./uploads.js";
import { childText, element, parseXml, xmlDocument } from "./xml.js";

const MIN_PART_SIZE = 5 * 1024 * 1024;
const MAX_PARTS = 10_000;
const MAX_XML_BYTES = 8 * 1024 * 1024;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export async function createMultipartUpload(
  context: Context,
  { bucket, key, headers }: S3Request,
): Promise<Reply> {
  checkTarget(bucket, key);
  const upload: UploadRecord = {
    bucket,
    key,
    initiated: Date.now(),
    ...objectHeadersOf(headers),
    ...checksumChoice(headers),
  };
  const uploadId = newBodyId().toString("hex");
  await context.store.write(0, (plan) => {
    checkBucket(context, bucket);
    touchBucket(context, bucket, plan);
    plan.put(context.store.uploads, uploadKey(bucket, key, uploadId), upload);
  });
  const content = element("Bucket", bucket) + element("Key", key) + element("UploadId", uploadId);
  return {
    statusCode: 200,
    headers: {
      ...(upload.algorithm && { "x-amz-checksum-algorithm": upload.algorithm.toUpperCase() }),
      ...(upload.checksumType && { "x-amz-checksum-type": upload.checksumType }),
    },
    body: xmlDocument("InitiateMultipartUploadResult", content),
  };
}

function checksumChoice(headers: Record<string, string>): Pick<UploadRecord, "algorithm" | "checksumType"> {
  const name = headers["x-amz-checksum-algorithm"]?.toLowerCase();
  if (name === undefined) return {};
  const algorithm = checksumAlgorithms.find((known) => known === name);
  if (!algorithm) {
    const message =
      "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]";
    throw new S3Error("InvalidRequest", { message });
  }
  const type =
    headers["x-amz-checksum-type"]?.toUpperCase() ??
    (algorithm === "crc64nvme" ? "FULL_OBJECT" : "COMPOSITE");
  const possible =
    type === "COMPOSITE" ? algorithm !== "crc64nvme" : type === "FULL_OBJECT" && algorithm.startsWith("crc");
  if (!possible) {
    const message = `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`;
    throw new S3Error("InvalidRequest", { message });
  }
  return { algorithm, checksumType: type as "COMPOSITE" | "FULL_OBJECT" };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
export async function uploadPart(context: Context, request: S3Request): Promise<Reply> {
  const partNumber = partNumberOf(request);
  const { upload } = context.store.read(() => findUpload(context, request));
  const { writer, received } = await storeBody(context, request, upload.algorithm);
  const part = await commitPart(context, request, { partNumber, writer, received });
  return { statusCode: 200, headers: { etag: `"${part.etag}"`, ...checksumHeaders(part.checksums) } };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
export async function uploadPartCopy(context: Context, request: S3Request): Promise<Reply> {
  const partNumber = partNumberOf(request);
  const { upload } = context.store.read(() => findUpload(context, request));
  const source = openSource(context, request.headers);
  try {
    const { writer, received } = await storeCopy(context, source.stream(), upload.algorithm);
    const part = await commitPart(context, request, { partNumber, writer, received });
    return { statusCode: 200, headers: {}, body: copyResult("CopyPartResult", part) };
  } finally {
    source.close();
  }
}

function partNumberOf({ query }: S3Request): number {
  const text = query["partNumber"] ?? "";
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  const message = "Part number must be an integer between 1 and 10000, inclusive";
  throw new S3Error("InvalidArgument", {
    message,
    elements: { ArgumentName: "partNumber", ArgumentValue: text },
  });
}

async function commitPart(
  context: Context,
  request: S3Request,
  { partNumber, writer, received }: { partNumber: number; writer: BodyWriter; received: Received },
): Promise<PartRecord> {
  const { store, signal } = context;
  const checksums = checksumsOf(received);
  const part: PartRecord = {
    id: writer.id.toString("hex"),
    size: received.size,
    etag: received.md5.toString("hex"),
    modified: Date.now(),
    ...(checksums && { checksums }),
  };
  try {
    await store.write(writer.bufferedBytes, (plan) => {
      signal?.throwIfAborted();
      // It may have been completed or aborted while this part came in.
      const { uploadId, upload } = findUpload(context, request);
      const storedUpload = uploadKey(request.bucket, request.key, uploadId);
      plan.needs(store.uploads, storedUpload);
      // As it was, under a new version: whoever completes the upload at this moment looks at its parts again.
      plan.put(store.uploads, storedUpload, upload);
      const key = partKey(Buffer.from(uploadId, "hex"), partNumber);
      const old = plan.read(store.parts, key);
      if (old) removeChunks(store, Buffer.from(old.id, "hex"), plan);
      writer.commit(plan);
      plan.put(store.parts, key, part);
    });
  } catch (error) {
    await writer.discard();
    throw error;
  }
  return part;
}

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
    checkClaims(headers, completed);
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
  checksums: Partial<Record<ChecksumAlgorithm, string>>;
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
        const checksums: ChosenPart["checksums"] = {};
        for (const algorithm of checksumAlgorithms) {
          const value = childText(part, `Checksum${algorithm.toUpperCase()}`);
          if (value !== undefined) checksums[algorithm] = value;
        }
        return { partNumber: Number(number), etag: etag.trim().replace(/^"(.*)"$/, "$1"), checksums };
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
  return chosen.map(({ partNumber, etag, checksums }, index) => {
    const part = uploaded.get(partNumber);
    const sameChecksums = Object.entries(checksums).every(
      ([name, value]) => part?.checksums?.values[name as ChecksumAlgorithm] === value,
    );
    if (!part || part.etag !== etag || !sameChecksums)
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
function wholeChecksum(
  { algorithm, checksumType }: UploadRecord,
  parts: PartRecord[],
): Checksums | undefined {
  if (!algorithm || !checksumType) return undefined;
  const raw = parts.map((part) => Buffer.from(part.checksums?.values[algorithm] ?? "", "base64"));
  if (checksumType === "COMPOSITE") {
    const checksum = createChecksum(algorithm);
    for (const digest of raw) checksum.update(digest);
    return {
      type: checksumType,
      values: { [algorithm]: `${checksum.digest().toString("base64")}-${parts.length}` },
    };
  }
  const whole = combineCrcs(
    algorithm,
    raw.map((digest, index) => ({ digest, size: parts[index]?.size ?? 0 })),
  );
  return { type: checksumType, values: { [algorithm]: whole.toString("base64") } };
}

function checkClaims(headers: Record<string, string>, completed: ObjectRecord): void {
  const size = headers["x-amz-mp-object-size"];
  if (size !== undefined && size !== String(completed.size)) {
    const message = "The provided 'x-amz-mp-object-size' header value does not match what was computed.";
    throw new S3Error("InvalidRequest", { message });
  }
  for (const algorithm of checksumAlgorithms) {
    const claimed = headers[`x-amz-checksum-${algorithm}`];
    const computed = completed.checksums?.values[algorithm];
    if (claimed === undefined || computed === undefined) continue;
    if (claimed !== computed && claimed !== computed.replace(/-\d+$/, "")) {
      const message = `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`;
      throw new S3Error("BadDigest", { message });
    }
  }
}
