import { bucketPrefix, checkBucket } from "./buckets.js";
import type { ObjectRecord } from "../store/records.js";
import type { Context, Reply, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import { element, escapeXml, xmlDocument } from "../xml.js";

const MAX_KEYS = 1000;
const MAX_KEY_BYTES = 1024;
const AFTER_ALL = Buffer.of(0xff);

interface Page {
  contents: { key: string; record: ObjectRecord }[];
  prefixes: string[];
  /** The last key or common prefix of a page that is not the last. */
  last?: string;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export function listObjectsV2(context: Context, { bucket, query }: S3Request): Reply {
  const { prefix = "", delimiter = "", "start-after": startAfter, "continuation-token": token } = query;
  const maxKeys = maxKeysOf(query["max-keys"]);
  const encode = encoderOf(query["encoding-type"]);
  const after = token === undefined ? (startAfter ?? "") : decodeToken(token);
  const page = findPage(context, { bucket, prefix, delimiter, after, maxKeys });
  const content = [
    element("Name", bucket),
    element("Prefix", encode(prefix)),
    ...(token === undefined ? [] : [element("ContinuationToken", token)]),
    ...(page.last === undefined ? [] : [element("NextContinuationToken", encodeToken(page.last))]),
    element("KeyCount", page.contents.length + page.prefixes.length),
    element("MaxKeys", maxKeys),
    ...(delimiter === "" ? [] : [element("Delimiter", encode(delimiter))]),
    ...(startAfter === undefined ? [] : [element("StartAfter", encode(startAfter))]),
    ...(query["encoding-type"] === undefined ? [] : [element("EncodingType", query["encoding-type"])]),
    element("IsTruncated", page.last !== undefined),
    ...page.contents.map(({ key, record }) => contentsXml(encode(key), record)),
    ...page.prefixes.map((prefix) => `<CommonPrefixes>${element("Prefix", encode(prefix))}</CommonPrefixes>`),
  ];
  return { statusCode: 200, headers: {}, body: xmlDocument("ListBucketResult", content.join("")) };
}

// Not by way of element(): a page has thousands of these, and none but the key needs escaping.
function contentsXml(key: string, record: ObjectRecord): string {
  const { checksums } = record;
  const algorithms = Object.keys(checksums?.values ?? {});
  return [
    `<Contents><Key>${escapeXml(key)}</Key><LastModified>${isoSeconds(record.modified)}</LastModified>`,
    `<ETag>&quot;${record.etag}&quot;</ETag>`,
    ...algorithms.map((name) => `<ChecksumAlgorithm>${name.toUpperCase()}</ChecksumAlgorithm>`),
    checksums ? `<ChecksumType>${checksums.type}</ChecksumType>` : "",
    `<Size>${record.size}</Size>`,
    `<StorageClass>${record.storageClass ?? "STANDARD"}</StorageClass></Contents>`,
  ].join("");
}

/** S3's dates have the resolution of Last-Modified: whole seconds. */
function isoSeconds(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString();
}

function findPage(
  context: Context,
  query: { bucket: string; prefix: string; delimiter: string; after: string; maxKeys: number },
): Page {
  const { store } = context;
  const { bucket, prefix, delimiter, after, maxKeys } = query;
  const base = bucketPrefix(bucket);
  const page: Page = { contents: [], prefixes: [] };
  return store.read(() => {
    checkBucket(context, bucket);
    // S3 answers max-keys=0 with an empty page that is not truncated.
    if (maxKeys === 0 || Buffer.byteLength(prefix) > MAX_KEY_BYTES) return page;
    const end = Buffer.concat([base, Buffer.from(prefix), AFTER_ALL]);
    let start: Buffer = Buffer.concat([base, Buffer.from(prefix)]);
    if (after !== "") {
      const from = startAfter(base, after, prefix, delimiter);
      if (Buffer.compare(from, start) > 0) start = from;
    }
    let last = "";
    let full = false;
    for (let more = true; more;) {
      more = false;
      if (Buffer.compare(start, end) >= 0) break;
      for (const { key: storedKey, value: record } of store.objects.getRange({ start, end })) {
        if (full) {
          page.last = last;
          return page;
        }
        const key = storedKey.toString("utf8", base.length);
        const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
        if (cut < 0) page.contents.push({ key, record });
        else {
          // Not through all the keys under this common prefix: on from behind them.
          last = key.slice(0, cut + delimiter.length);
          page.prefixes.push(last);
          start = Buffer.concat([base, Buffer.from(last), AFTER_ALL]);
          more = true;
        }
        if (cut < 0) last = key;
        full = page.contents.length + page.prefixes.length === maxKeys;
        if (more) break;
      }
    }
    return page;
  });
}

// Behind `after`, and when that lies under a common prefix, as the token of a page that ends with one does, S3 goes
// on behind all of it.
function startAfter(base: Buffer, after: string, prefix: string, delimiter: string): Buffer {
  if (delimiter !== "" && after.startsWith(prefix)) {
    const cut = after.indexOf(delimiter, prefix.length);
    if (cut >= 0 && cut + delimiter.length === after.length)
      return Buffer.concat([base, Buffer.from(after).subarray(0, MAX_KEY_BYTES + 1), AFTER_ALL]);
  }
  // Cut, for the store refuses long keys; one byte more than any key has keeps the order.
  return Buffer.concat([base, Buffer.from(after).subarray(0, MAX_KEY_BYTES + 1), Buffer.of(0)]);
}

function maxKeysOf(text: string | undefined): number {
  if (text === undefined || text === "") return MAX_KEYS;
  const number = /^\d+$/.test(text) ? Number(text) : Infinity;
  if (number > 2 ** 31 - 1) {
    const message = "Provided max-keys not an integer or within integer range";
    const elements = { ArgumentName: "max-keys", ArgumentValue: text };
    throw new S3Error("InvalidArgument", { message, elements });
  }
  return Math.min(number, MAX_KEYS);
}

function encoderOf(encodingType: string | undefined): (text: string) => string {
  if (encodingType === undefined) return (text) => text;
  if (encodingType === "url") return urlEncode;
  const message = "Invalid Encoding Method specified in Request";
  throw new S3Error("InvalidArgument", {
    message,
    elements: { ArgumentName: "encoding-type", ArgumentValue: encodingType },
  });
}

// As S3 does it: a form's encoding, with a plus for a space, that leaves slashes and asterisks alone.
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
  if (decoded[0] !== 0x31 || decoded.toString("base64url") !== token) {
    const message = "The continuation token provided is incorrect";
    throw new S3Error("InvalidArgument", { message, elements: { ArgumentName: "continuation-token" } });
  }
  return decoded.toString("utf8", 1);
}
