import type { Readable } from "node:stream";
import { readBody } from "../body/body-reader.js";
import { parsePath, xmlReply, type Context, type Reply, type S3Request } from "../request.js";
import { invalidArgument, S3Error } from "../s3-error.js";
import type { BodyRecord } from "../store/records.js";
import { elements } from "../xml.js";
import { isModified, writeConditionsOf } from "./conditions.js";
import { findObject, parseRange } from "./get-object.js";
import { storePart } from "./multipart.js";
import { checksumElements, objectHeadersOf } from "./object-headers.js";
import { putRecord, storeBody } from "./put-object.js";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
export function copyObject(context: Context, request: S3Request): Promise<Reply> {
  const { headers } = request;
  // The library never asks for S3's default, the headers of the source.
  if (headers["x-amz-metadata-directive"] !== "REPLACE")
    throw new S3Error("NotImplemented", { Header: "x-amz-metadata-directive" });
  const description = objectHeadersOf(headers);
  const conditions = writeConditionsOf(headers);
  return copySource(context, request, "CopyObjectResult", (body) =>
    storeBody(context, { headers: {}, body }, true, (plan, stored) =>
      putRecord(context, request, { ...stored, ...description }, conditions, plan),
    ),
  );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
export function uploadPartCopy(context: Context, request: S3Request): Promise<Reply> {
  return copySource(context, request, "CopyPartResult", (body) =>
    storePart(context, { ...request, headers: {}, body }),
  );
}

/** Copies the object that x-amz-copy-source names, or the range of it in x-amz-copy-source-range, as it is now. */
async function copySource(
  context: Context,
  { headers }: S3Request,
  resultName: string,
  store: (body: Readable) => Promise<BodyRecord>,
): Promise<Reply> {
  const body = openSource(context, headers);
  try {
    const copy = await store(body);
    const LastModified = new Date(copy.modified).toISOString();
    return xmlReply(
      resultName,
      elements({ LastModified, ETag: `"${copy.etag}"`, ...checksumElements(copy) }),
    );
  } finally {
    body.destroy();
  }
}

function openSource(context: Context, headers: Record<string, string>): Readable {
  const [path = "", version] = (headers["x-amz-copy-source"] ?? "").split("?");
  if (version !== undefined) throw new S3Error("NotImplemented", { Header: "x-amz-copy-source" });
  const { bucket, key } = parsePath(`/${path}`);
  const asked = headers["x-amz-copy-source-range"];
  return context.store.read(() => {
    const record = findObject(context, bucket, key);
    isModified(record, { ifMatch: headers["x-amz-copy-source-if-match"] });
    const range = parseRange(asked, record.size) ?? { start: 0, length: record.size };
    if (asked !== undefined && asked !== `bytes=${range.start}-${range.start + range.length - 1}`)
      throw invalidArgument(
        "Range specified is not valid for source object",
        "x-amz-copy-source-range",
        asked,
      );
    return readBody(context.store, record, range);
  });
}
