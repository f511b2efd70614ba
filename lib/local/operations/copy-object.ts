import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { readBody } from "../body/body-reader.js";
import { BodyWriter } from "../body/body-writer.js";
import { checkBucket, objectKey } from "./buckets.js";
import { crc32Text } from "../body/crc32.js";
import { conditionsOf, readIsDue, writeConditionsOf } from "./conditions.js";
import { objectHeadersOf } from "./object-headers.js";
import { checksumsOf, checkTarget, commitObject, MAX_SINGLE_SIZE } from "./put-object.js";
import type { Received } from "../body/receive-body.js";
import type { ObjectRecord } from "../store/records.js";
import { parsePath, type Context, type Reply, type S3Request } from "../request.js";
import { preconditionFailed, S3Error } from "../s3-error.js";
import { element, xmlDocument } from "../xml.js";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
export async function copyObject(context: Context, request: S3Request): Promise<Reply> {
  const { bucket, key, headers } = request;
  checkTarget(bucket, key);
  const directive = headers["x-amz-metadata-directive"] ?? "COPY";
  if (directive !== "COPY" && directive !== "REPLACE")
    throw new S3Error("InvalidArgument", { message: "Unknown metadata directive." });
  const replacement = objectHeadersOf(headers);
  const conditions = writeConditionsOf(headers);
  const source = openSource(context, headers);
  try {
    const sameObject = source.bucket === bucket && source.key === key;
    if (sameObject && directive === "COPY" && headers["x-amz-storage-class"] === undefined) {
      const message =
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.";
      throw new S3Error("InvalidRequest", { message });
    }
    const { record: original } = source;
    if (original.size > MAX_SINGLE_SIZE) {
      const message = `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_SINGLE_SIZE}`;
      throw new S3Error("InvalidRequest", { message });
    }
    const { writer, received } = await storeCopy(context, source.stream());
    const checksums = checksumsOf(received);
    const record: ObjectRecord = {
      id: writer.id.toString("hex"),
      size: received.size,
      etag: received.md5.toString("hex"),
      modified: Date.now(),
      ...(directive === "COPY" ? { ...replacement, headers: original.headers } : replacement),
      ...(checksums && { checksums }),
    };
    await commitObject(context, { bucket, key, record, conditions, writer });
    return { statusCode: 200, headers: {}, body: copyResult(record) };
  } finally {
    source.close();
  }
}

function copyResult({ etag, modified, checksums }: ObjectRecord): Buffer {
  const content = [
    element("LastModified", new Date(modified).toISOString()),
    element("ETag", `"${etag}"`),
    ...Object.entries(checksums?.values ?? {}).map(([name, value]) =>
      element(`Checksum${name.toUpperCase()}`, value),
    ),
  ];
  return xmlDocument("CopyObjectResult", content.join(""));
}

interface Source {
  bucket: string;
  key: string;
  record: ObjectRecord;
  stream(): Readable;
  close(): void;
}

/** The object that x-amz-copy-source names, as it is now, however long the copying takes. */
function openSource(context: Context, headers: Record<string, string>): Source {
  const { store } = context;
  const [path = "", version] = (headers["x-amz-copy-source"] ?? "").split("?");
  if (version !== undefined)
    throw new S3Error("NotImplemented", { elements: { Header: "x-amz-copy-source" } });
  const { bucket, key } = parsePath(path.startsWith("/") ? path : `/${path}`);
  if (bucket === "" || key === "") {
    const message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
    throw new S3Error("InvalidArgument", { message });
  }
  return store.read(() => {
    checkBucket(context, bucket);
    const record = store.objects.get(objectKey(bucket, key));
    if (!record) throw new S3Error("NoSuchKey", { elements: { Key: key } });
    if (!readIsDue(record, conditionsOf(headers, "x-amz-copy-source-")))
      throw preconditionFailed("x-amz-copy-source-If-None-Match");
    const range = { start: 0, length: record.size };
    const snapshot = store.snapshot();
    let stream: Readable | undefined;
    return {
      bucket,
      key,
      record,
      stream: () => (stream = readBody(store, record, range, snapshot, () => snapshot.done())),
      close: () => (stream ? stream.destroy() : snapshot.done()),
    };
  });
}

async function storeCopy(
  { store, signal }: Context,
  stream: Readable,
): Promise<{ writer: BodyWriter; received: Received }> {
  const writer = new BodyWriter(store);
  const md5 = createHash("md5");
  let crc = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      md5.update(chunk);
      crc = crc32(chunk, crc);
      await writer.write(chunk);
    }
  } catch (error) {
    await writer.discard().catch(() => undefined);
    throw error;
  }
  return { writer, received: { size: writer.size, md5: md5.digest(), crc32: crc32Text(crc) } };
}
