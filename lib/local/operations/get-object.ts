import { partsOf, readBody, readBodyNow } from "../body/body-reader.js";
import { checkBucket, objectKey } from "./buckets.js";
import { conditionsOf, readIsDue } from "./conditions.js";
import { checksumHeaders, checkSupported, replyHeadersOf } from "./object-headers.js";
import { CHUNK_SIZE, type ObjectRecord } from "../store/records.js";
import type { Context, Reply, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import type { Store } from "../store/store.js";

const overrides = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
];

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
  { bucket, key, query, headers }: S3Request,
): { reply: Reply; record?: ObjectRecord; range?: Range } {
  const { store } = context;
  checkSupported(headers);
  checkVersion(query["versionId"]);
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
  for (const name of overrides) {
    const value = query[`response-${name}`];
    if (value !== undefined) replyHeaders[name] = value;
  }
  const partNumber = query["partNumber"];
  const part =
    partNumber === undefined ? undefined : rangeOfPart(store, record, partNumber, headers["range"]);
  const range = part ?? parseRange(headers["range"], record.size);
  const { start, length } = range ?? { start: 0, length: record.size };
  replyHeaders["content-length"] = String(length);
  if (part && record.parts !== undefined) replyHeaders["x-amz-mp-parts-count"] = String(record.parts);
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

export function checkVersion(versionId: string | undefined): void {
  if (versionId === undefined || versionId === "null") return;
  const message = "Invalid version id specified";
  const elements = { ArgumentName: "versionId", ArgumentValue: versionId };
  throw new S3Error("InvalidArgument", { message, elements });
}

/** A range that is not understood, several ranges included, is ignored, as S3 does. */
export function parseRange(header: string | undefined, size: number): Range | undefined {
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

function rangeOfPart(
  store: Store,
  record: ObjectRecord,
  partNumber: string,
  range: string | undefined,
): Range {
  if (range !== undefined) {
    const message = "Cannot specify both Range header and partNumber query parameter";
    throw new S3Error("InvalidRequest", { message });
  }
  const number = /^\d{1,5}$/.test(partNumber) ? Number(partNumber) : 0;
  if (number < 1 || number > 10_000) {
    const message = "Part number must be an integer between 1 and 10000, inclusive";
    throw new S3Error("InvalidArgument", {
      message,
      elements: { ArgumentName: "partNumber", ArgumentValue: partNumber },
    });
  }
  const sizes =
    record.parts === undefined ? [record.size] : partsOf(store, record.id).map(({ part }) => part.size);
  // Parts count from 1 on without gaps, whatever numbers they were uploaded under.
  const length = sizes[number - 1];
  if (length === undefined) {
    const elements = { PartNumberRequested: partNumber, ActualPartCount: String(sizes.length) };
    throw new S3Error("InvalidPartNumber", { elements });
  }
  return { start: sizes.slice(0, number - 1).reduce((sum, size) => sum + size, 0), length };
}
