import { readBody, readBodyNow } from "../body/body-reader.js";
import { checkBucket, objectKey } from "./buckets.js";
import { conditionsOf, readIsDue } from "./conditions.js";
import { checksumHeaders, replyHeadersOf } from "./object-headers.js";
import { CHUNK_SIZE, type ObjectRecord } from "../store/records.js";
import type { Context, Reply, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";

interface Range {
  start: number;
  length: number;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export function getObject(context: Context, request: S3Request): Reply {
  const { store } = context;
  return store.read(() => {
    const { reply, record, range } = answer(context, request);
    if (!record || !range) return reply;
    if (range.length <= CHUNK_SIZE) return { ...reply, body: readBodyNow(store, record, range) };
    const snapshot = store.snapshot();
    return { ...reply, body: readBody(store, record, range, snapshot, () => snapshot.done()) };
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
export function headObject(context: Context, request: S3Request): Reply {
  return context.store.read(() => answer(context, request).reply);
}

/** The reply but for its body; `record` is left out when there is to be none. */
function answer(
  context: Context,
  { bucket, key, headers }: S3Request,
): { reply: Reply; record?: ObjectRecord; range?: Range } {
  const { store } = context;
  checkBucket(context, bucket);
  const record = store.objects.get(objectKey(bucket, key));
  if (!record) throw new S3Error("NoSuchKey", { elements: { Key: key } });
  const replyHeaders = replyHeadersOf(record);
  if (!readIsDue(record, conditionsOf(headers))) {
    const { etag = "", "last-modified": lastModified = "", "cache-control": cacheControl } = replyHeaders;
    const notModified = {
      etag,
      "last-modified": lastModified,
      ...(cacheControl && { "cache-control": cacheControl }),
    };
    return { reply: { statusCode: 304, headers: notModified } };
  }
  const range = parseRange(headers["range"], record.size);
  const { start, length } = range ?? { start: 0, length: record.size };
  replyHeaders["content-length"] = String(length);
  if (range && record.size > 0)
    replyHeaders["content-range"] = `bytes ${start}-${start + length - 1}/${record.size}`;
  if (headers["x-amz-checksum-mode"]?.toUpperCase() === "ENABLED" && length === record.size)
    Object.assign(replyHeaders, checksumHeaders(record.checksums));
  return {
    reply: { statusCode: range ? 206 : 200, headers: replyHeaders },
    record,
    range: { start, length },
  };
}

/** A range that is not understood, several ranges included, is ignored, as S3 does. */
function parseRange(header: string | undefined, size: number): Range | undefined {
  const match = /^bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const [, first = "", last = ""] = match;
  if (first !== "" && last !== "" && Number(first) > Number(last)) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (start >= end) {
    const elements = { RangeRequested: header ?? "", ActualObjectSize: String(size) };
    throw new S3Error("InvalidRange", { elements, headers: { "content-range": `bytes */${size}` } });
  }
  return { start, length: end - start };
}
