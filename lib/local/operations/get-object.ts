import { readBody, readBodyNow, type Range } from "../body/body-reader.js";
import type { Context, Reply, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import { CHUNK_SIZE, type ObjectRecord } from "../store/records.js";
import { checkBucket, objectKey } from "./buckets.js";
import { conditionsOf, isModified } from "./conditions.js";
import { checksumHeaders, replyHeadersOf } from "./object-headers.js";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export function getObject(context: Context, request: S3Request): Reply {
  const { store } = context;
  return store.read(() => {
    const { reply, record, range } = describe(context, request);
    if (reply.statusCode === 304) return reply;
    const read = range.length <= CHUNK_SIZE ? readBodyNow : readBody;
    return { ...reply, body: read(store, record, range) };
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
export function headObject(context: Context, request: S3Request): Reply {
  return context.store.read(() => describe(context, request).reply);
}

/** Must be called within a read. */
export function findObject(context: Context, bucket: string, key: string): ObjectRecord {
  checkBucket(context, bucket);
  const record = context.store.objects.get(objectKey(bucket, key));
  if (!record) throw new S3Error("NoSuchKey", { Key: key });
  return record;
}

/** The reply to a HEAD. The reply to a GET is the same, with a body. */
function describe(
  context: Context,
  { bucket, key, headers: requested }: S3Request,
): { reply: Reply; record: ObjectRecord; range: Range } {
  const record = findObject(context, bucket, key);
  const headers = replyHeadersOf(record);
  const whole = { start: 0, length: record.size };
  if (!isModified(record, conditionsOf(requested))) {
    const kept = Object.entries(headers).filter(([name]) =>
      /^(?:etag|last-modified|cache-control)$/.test(name),
    );
    return { reply: { statusCode: 304, headers: Object.fromEntries(kept) }, record, range: whole };
  }
  const part = parseRange(requested["range"], record.size);
  const range = part ?? whole;
  const { start, length } = range;
  headers["content-length"] = String(length);
  if (part && record.size > 0)
    headers["content-range"] = `bytes ${start}-${start + length - 1}/${record.size}`;
  if (requested["x-amz-checksum-mode"] === "ENABLED" && length === record.size)
    Object.assign(headers, checksumHeaders(record));
  return { reply: { statusCode: part ? 206 : 200, headers }, record, range };
}

/** Returns undefined for a header that S3 ignores, because it is malformed or has several ranges. */
export function parseRange(header: string | undefined, size: number): Range | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first + last === "" || (last !== "" && Number(first) > Number(last))) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (start >= end) {
    const headers = { "content-range": `bytes */${size}` };
    throw new S3Error("InvalidRange", { RangeRequested: header, ActualObjectSize: size }, { headers });
  }
  return { start, length: end - start };
}
