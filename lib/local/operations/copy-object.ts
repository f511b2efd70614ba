import type { Readable } from "node:stream";
import { readBody } from "../body/body-reader.js";
import { parsePath, type Context, type Reply, type S3Request } from "../request.js";
import { invalidArgument, preconditionFailed, S3Error } from "../s3-error.js";
import type { ObjectRecord } from "../store/records.js";
import { element, xmlDocument } from "../xml.js";
import { conditionsOf, isModified, writeConditionsOf } from "./conditions.js";
import { findObject } from "./get-object.js";
import { checksumElements, objectHeadersOf } from "./object-headers.js";
import { checkKey, MAX_SINGLE_SIZE, putRecord, storeBody } from "./put-object.js";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
export async function copyObject(context: Context, request: S3Request): Promise<Reply> {
  const { bucket, key, headers } = request;
  checkKey(key);
  const directive = headers["x-amz-metadata-directive"] ?? "COPY";
  if (directive !== "COPY" && directive !== "REPLACE")
    throw new S3Error("InvalidArgument", { message: "Unknown metadata directive." });
  const replacement = objectHeadersOf(headers);
  const conditions = writeConditionsOf(headers);
  const source = openSource(context, headers);
  try {
    const isSameObject = source.bucket === bucket && source.key === key;
    if (isSameObject && directive === "COPY" && headers["x-amz-storage-class"] === undefined) {
      const message =
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.";
      throw new S3Error("InvalidRequest", { message });
    }
    if (source.record.size > MAX_SINGLE_SIZE) {
      const message = `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_SINGLE_SIZE}`;
      throw new S3Error("InvalidRequest", { message });
    }
    const description =
      directive === "COPY" ? { ...replacement, headers: source.record.headers } : replacement;
    const copy = await storeBody(context, { headers: {}, body: source.body }, true, (plan, stored) =>
      putRecord(context, request, { ...stored, ...description }, conditions, plan),
    );
    const content =
      element("LastModified", new Date(copy.modified).toISOString()) +
      element("ETag", `"${copy.etag}"`) +
      checksumElements(copy.checksums);
    return { statusCode: 200, headers: {}, body: xmlDocument("CopyObjectResult", content) };
  } finally {
    source.body.destroy();
  }
}

/** The object that x-amz-copy-source names, or a range of it, as it is now. The caller destroys the body. */
export function openSource(
  context: Context,
  headers: Record<string, string>,
  range?: { first: number; last: number },
): { bucket: string; key: string; record: ObjectRecord; body: Readable } {
  const [path = "", version] = (headers["x-amz-copy-source"] ?? "").split("?");
  if (version !== undefined)
    throw new S3Error("NotImplemented", { elements: { Header: "x-amz-copy-source" } });
  const { bucket, key } = parsePath(path.startsWith("/") ? path : `/${path}`);
  if (bucket === "" || key === "") {
    const message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
    throw new S3Error("InvalidArgument", { message });
  }
  return context.store.read(() => {
    const record = findObject(context, bucket, key);
    if (!isModified(record, conditionsOf(headers, "x-amz-copy-source-")))
      throw preconditionFailed("x-amz-copy-source-If-None-Match");
    if (range !== undefined && range.last >= record.size)
      throw invalidArgument("Range specified is not valid for source object", "x-amz-copy-source-range");
    const { first, last } = range ?? { first: 0, last: record.size - 1 };
    const body = readBody(context.store, record, { start: first, length: last - first + 1 });
    return { bucket, key, record, body };
  });
}
