import { xmlReply, type Context, type Reply, type S3Request } from "../request.js";
import { invalidArgument } from "../s3-error.js";
import type { ObjectRecord } from "../store/records.js";
import type { Store } from "../store/store.js";
import { elements, escapeXml } from "../xml.js";
import { AFTER_ALL, checkBucket, keyRange, MAX_KEY_BYTES, objectKey } from "./buckets.js";
import { crc32Of } from "./object-headers.js";

const MAX_KEYS = 1000;

/** A key with its object, or a common prefix. */
interface Entry {
  name: string;
  record?: ObjectRecord;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export function listObjectsV2(context: Context, { bucket, query }: S3Request): Reply {
  const { prefix = "", delimiter = "", "start-after": startAfter, "continuation-token": token } = query;
  const { "encoding-type": encodingType } = query;
  const maxKeys = maxKeysOf(query["max-keys"]);
  if (encodingType !== undefined && encodingType !== "url")
    throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", encodingType);
  const encode = (text: string): string => (encodingType === undefined ? text : urlEncode(text));
  const after = token === undefined ? (startAfter ?? "") : decodeToken(token);
  const entries: Entry[] = [];
  let isTruncated = false;
  context.store.read(() => {
    checkBucket(context, bucket);
    for (const entry of entriesOf(context.store, { bucket, prefix, delimiter, after })) {
      // With max-keys=0, S3 reports that the empty page is not truncated.
      isTruncated = maxKeys > 0 && entries.length === maxKeys;
      if (entries.length === maxKeys) break;
      entries.push(entry);
    }
  });
  const contents = entries.map(({ name, record }) => (record ? contentsXml(encode(name), record) : ""));
  const prefixes = entries.map(({ name, record }) =>
    record ? "" : `<CommonPrefixes>${elements({ Prefix: encode(name) })}</CommonPrefixes>`,
  );
  const head = elements({
    Name: bucket,
    Prefix: encode(prefix),
    ContinuationToken: token,
    NextContinuationToken: isTruncated ? encodeToken(entries.at(-1)!.name) : undefined,
    KeyCount: entries.length,
    MaxKeys: maxKeys,
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    StartAfter: startAfter === undefined ? undefined : encode(startAfter),
    EncodingType: encodingType,
    IsTruncated: isTruncated,
  });
  return xmlReply("ListBucketResult", [head, ...contents, ...prefixes].join(""));
}

// Without elements(), because a page has thousands of elements, and only the keys need escaping.
function contentsXml(key: string, record: ObjectRecord): string {
  // Whole seconds, so that a listing and Last-Modified have the same dates.
  const modified = new Date(record.modified - (record.modified % 1000)).toISOString();
  return [
    `<Contents><Key>${escapeXml(key)}</Key><LastModified>${modified}</LastModified>`,
    `<ETag>&quot;${record.etag}&quot;</ETag>`,
    crc32Of(record) && "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>",
    `<Size>${record.size}</Size>`,
    `<StorageClass>${record.storageClass ?? "STANDARD"}</StorageClass></Contents>`,
  ].join("");
}

function* entriesOf(
  store: Store,
  { bucket, prefix, delimiter, after }: Record<"bucket" | "prefix" | "delimiter" | "after", string>,
): Generator<Entry> {
  // No key is that long, and LMDB throws for long keys.
  if (Buffer.byteLength(prefix) > MAX_KEY_BYTES) return;
  const base = objectKey(bucket, "");
  const { start: first, end } = keyRange(bucket, prefix);
  const resumed = after === "" ? first : keyAfter(base, after, prefix, delimiter);
  let start = Buffer.compare(resumed, first) > 0 ? resumed : first;
  while (Buffer.compare(start, end) < 0) {
    let commonPrefix: string | undefined;
    for (const { key, value: record } of store.objects.getRange({ start, end })) {
      const name = key.toString("utf8", base.length);
      const cut = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
      if (cut >= 0) commonPrefix = name.slice(0, cut + delimiter.length);
      yield commonPrefix === undefined ? { name, record } : { name: commonPrefix };
      if (commonPrefix !== undefined) break;
    }
    if (commonPrefix === undefined) return;
    // All other keys with this prefix are skipped.
    start = Buffer.concat([base, Buffer.from(commonPrefix), AFTER_ALL]);
  }
}

/** The first possible key after a key, or after a common prefix and all keys that begin with it. */
function keyAfter(base: Buffer, after: string, prefix: string, delimiter: string): Buffer {
  const cut = delimiter === "" || !after.startsWith(prefix) ? -1 : after.indexOf(delimiter, prefix.length);
  const isCommonPrefix = cut >= 0 && cut + delimiter.length === after.length;
  // LMDB throws for long keys. One byte more than a key can have preserves the order.
  const start = Buffer.from(after).subarray(0, MAX_KEY_BYTES + 1);
  return Buffer.concat([base, start, isCommonPrefix ? AFTER_ALL : Buffer.of(0)]);
}

function maxKeysOf(text = String(MAX_KEYS)): number {
  if (!/^\d{1,9}$/.test(text))
    throw invalidArgument("Provided max-keys not an integer or within integer range", "max-keys", text);
  return Math.min(Number(text), MAX_KEYS);
}

// S3 encodes like HTML forms, with a plus for a space, but leaves slashes unencoded.
function urlEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()~]|%20|%2F/g, (part) => {
    if (part === "%20") return "+";
    return part === "%2F" ? "/" : `%${part.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}

function encodeToken(last: string): string {
  return Buffer.from(`1${last}`).toString("base64url");
}

function decodeToken(token: string): string {
  const decoded = Buffer.from(token, "base64url");
  if (decoded[0] !== 0x31 || decoded.toString("base64url") !== token)
    throw invalidArgument("The continuation token provided is incorrect", "continuation-token");
  return decoded.toString("utf8", 1);
}
