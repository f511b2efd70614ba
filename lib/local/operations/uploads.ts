import { partKey, partsOf } from "../body/body-reader.js";
import { removeChunks } from "../body/body-writer.js";
import { bucketPrefix, checkBucket } from "./buckets.js";
import { encoderOf, maxKeysOf } from "./list.js";
import type { Plan } from "../store/plan.js";
import type { UploadRecord } from "../store/records.js";
import type { Context, Reply, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import type { Store } from "../store/store.js";
import { element, xmlDocument } from "../xml.js";

const PERSON = "<ID>local</ID><DisplayName>local</DisplayName>";

export function uploadKey(bucket: string, key: string, uploadId: string): Buffer {
  return Buffer.concat([Buffer.from(`${bucket}\0${key}\0`), Buffer.from(uploadId, "hex")]);
}

/** The upload that a request names; in a write, which depends on it and its parts, with the plan. */
export function findUpload(
  context: Context,
  { bucket, key, query }: S3Request,
  plan?: Plan,
): { uploadId: string; upload: UploadRecord } {
  checkBucket(context, bucket);
  const { uploads } = context.store;
  const uploadId = query["uploadId"] ?? "";
  // Anything else would make a store key that is not of this form, or too long.
  const known = /^[0-9a-f]{32}$/.test(uploadId) && Buffer.byteLength(key) <= 1024;
  const storedKey = uploadKey(bucket, key, known ? uploadId : "");
  const upload = !known ? undefined : plan ? plan.read(uploads, storedKey) : uploads.get(storedKey);
  if (!upload) throw new S3Error("NoSuchUpload", { elements: { UploadId: uploadId } });
  return { uploadId, upload };
}

export function removePart(
  store: Store,
  uploadId: string,
  partNumber: number,
  bodyId: string,
  plan: Plan,
): void {
  removeChunks(store, Buffer.from(bodyId, "hex"), plan);
  plan.remove(store.parts, partKey(Buffer.from(uploadId, "hex"), partNumber));
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export async function abortMultipartUpload(context: Context, request: S3Request): Promise<Reply> {
  const { store } = context;
  await store.write(0, (plan) => {
    const { uploadId } = findUpload(context, request, plan);
    for (const { partNumber, part } of partsOf(store, uploadId))
      removePart(store, uploadId, partNumber, part.id, plan);
    plan.remove(store.uploads, uploadKey(request.bucket, request.key, uploadId));
  });
  return { statusCode: 204, headers: {} };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
export function listParts(context: Context, request: S3Request): Reply {
  const { bucket, key, query } = request;
  const { store } = context;
  const maxParts = maxKeysOf(query["max-parts"], "max-parts");
  const marker = Math.min(Number(query["part-number-marker"] || 0) || 0, 10_000);
  const { uploadId, upload, parts } = store.read(() => {
    const found = findUpload(context, request);
    return { ...found, parts: partsOf(store, found.uploadId, { after: marker }) };
  });
  const page = parts.slice(0, maxParts);
  const truncated = maxParts > 0 && parts.length > page.length;
  const content = [
    element("Bucket", bucket),
    element("Key", key),
    element("UploadId", uploadId),
    `<Initiator>${PERSON}</Initiator><Owner>${PERSON}</Owner>`,
    element("StorageClass", upload.storageClass ?? "STANDARD"),
    element("PartNumberMarker", marker),
    ...(truncated ? [element("NextPartNumberMarker", page.at(-1)?.partNumber ?? 0)] : []),
    element("MaxParts", maxParts),
    element("IsTruncated", truncated),
    ...(upload.algorithm ? [element("ChecksumAlgorithm", upload.algorithm.toUpperCase())] : []),
    ...(upload.checksumType ? [element("ChecksumType", upload.checksumType)] : []),
    ...page.map(({ partNumber, part }) =>
      [
        "<Part>",
        element("PartNumber", partNumber),
        element("LastModified", new Date(part.modified).toISOString()),
        element("ETag", `"${part.etag}"`),
        element("Size", part.size),
        ...Object.entries(part.checksums?.values ?? {}).map(([name, value]) =>
          element(`Checksum${name.toUpperCase()}`, value),
        ),
        "</Part>",
      ].join(""),
    ),
  ];
  return { statusCode: 200, headers: {}, body: xmlDocument("ListPartsResult", content.join("")) };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html, without delimiter. */
export function listMultipartUploads(context: Context, { bucket, query }: S3Request): Reply {
  const { prefix = "", delimiter, "key-marker": keyMarker = "", "upload-id-marker": idMarker = "" } = query;
  if (delimiter) throw new S3Error("NotImplemented", { elements: { Query: "delimiter" } });
  const maxUploads = maxKeysOf(query["max-uploads"], "max-uploads");
  const encode = encoderOf(query["encoding-type"]);
  const base = bucketPrefix(bucket);
  const found = context.store.read(() => {
    checkBucket(context, bucket);
    const range = { start: base, end: Buffer.concat([base, Buffer.of(0xff)]) };
    return [...context.store.uploads.getRange(range)].map(({ key: storedKey, value: upload }) => ({
      ...upload,
      uploadId: storedKey.toString("hex", storedKey.length - 16),
    }));
  });
  // Few are under way at a time, so all are looked at; by key, and under one key by the time that begins an id.
  const order = (a: { key: string; uploadId: string }, b: { key: string; uploadId: string }): number =>
    Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || (a.uploadId < b.uploadId ? -1 : 1);
  const marker = { key: keyMarker, uploadId: idMarker || "g" };
  const due = found
    .filter((upload) => upload.key.startsWith(prefix) && (keyMarker === "" || order(marker, upload) < 0))
    .sort(order);
  const page = due.slice(0, maxUploads);
  const last = page.at(-1);
  const truncated = last !== undefined && due.length > page.length;
  const content = [
    element("Bucket", bucket),
    element("KeyMarker", encode(keyMarker)),
    element("UploadIdMarker", idMarker),
    ...(truncated
      ? [element("NextKeyMarker", encode(last.key)), element("NextUploadIdMarker", last.uploadId)]
      : []),
    element("Prefix", encode(prefix)),
    element("MaxUploads", maxUploads),
    ...(query["encoding-type"] === undefined ? [] : [element("EncodingType", query["encoding-type"])]),
    element("IsTruncated", truncated),
    ...page.map(({ key, uploadId, initiated, storageClass }) =>
      [
        "<Upload>",
        element("Key", encode(key)),
        element("UploadId", uploadId),
        `<Initiator>${PERSON}</Initiator><Owner>${PERSON}</Owner>`,
        element("StorageClass", storageClass ?? "STANDARD"),
        element("Initiated", new Date(initiated).toISOString()),
        "</Upload>",
      ].join(""),
    ),
  ];
  return { statusCode: 200, headers: {}, body: xmlDocument("ListMultipartUploadsResult", content.join("")) };
}
