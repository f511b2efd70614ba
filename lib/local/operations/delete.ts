import { removeBody } from "../body/body-reader.js";
import { checkBucket, objectKey } from "./buckets.js";
import { etagMatches } from "./conditions.js";
import { LocalS3Error } from "../local-error.js";
import { receiveSmallBody } from "../body/receive-body.js";
import type { Context, Reply, S3Request } from "../request.js";
import { preconditionFailed, S3Error } from "../s3-error.js";
import { childText, element, parseXml, xmlDocument } from "../xml.js";

const MAX_BULK_DELETE = 1000;
const MAX_XML_BYTES = 4 * 1024 * 1024;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
export async function deleteObject(context: Context, { bucket, key, headers }: S3Request): Promise<Reply> {
  await removeObject(context, bucket, key, headers["if-match"]);
  return { statusCode: 204, headers: {} };
}

function removeObject(context: Context, bucket: string, key: string, ifMatch?: string): Promise<void> {
  const { store, signal } = context;
  return store.write(0, (plan) => {
    signal?.throwIfAborted();
    checkBucket(context, bucket);
    const storedKey = objectKey(bucket, key);
    // No stored key is longer, and the store refuses to look for much longer ones.
    const record = storedKey.length > 1100 ? undefined : plan.read(store.objects, storedKey);
    if (!record) {
      // Alone a deletion of what is not there is none; with a condition it is refused.
      if (ifMatch !== undefined) throw new S3Error("NoSuchKey", { elements: { Key: key } });
      return;
    }
    if (ifMatch !== undefined && !etagMatches(ifMatch, record.etag)) throw preconditionFailed("If-Match");
    removeBody(store, record, plan);
    plan.remove(store.objects, storedKey);
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export async function deleteObjects(context: Context, request: S3Request): Promise<Reply> {
  const { bytes } = await receiveSmallBody(request, MAX_XML_BYTES);
  const { headers, bucket } = request;
  if (headers["content-md5"] === undefined && headers["x-amz-checksum-crc32"] === undefined) {
    const message = "Missing required header for this request: Content-MD5";
    throw new S3Error("InvalidRequest", { message });
  }
  const keys = parseDelete(bytes);
  context.store.read(() => checkBucket(context, bucket));
  // Each key for itself, as S3 does; together they go into one transaction, or a few.
  const failures: LocalS3Error[] = [];
  const results = await Promise.all(
    keys.map(async (key) => {
      try {
        await removeObject(context, bucket, key);
        return `<Deleted>${element("Key", key)}</Deleted>`;
      } catch (error) {
        if (error instanceof LocalS3Error) failures.push(error);
        else if (!(error instanceof S3Error)) throw error;
        return `<Error>${element("Key", key)}${element("Code", error.code)}${element("Message", error.message)}</Error>`;
      }
    }),
  );
  const [failure] = failures;
  // What failed for all keys, or may have been done for some, is no answer to be read key by key.
  if (failure && (failures.length === keys.length || failures.some((one) => !one.nothingWritten)))
    throw failures.find((one) => !one.nothingWritten) ?? failure;
  return { statusCode: 200, headers: {}, body: xmlDocument("DeleteResult", results.join("")) };
}

// Nothing in the library asks for versions, ETags or a quiet answer.
function parseDelete(bytes: Buffer): string[] {
  try {
    const root = parseXml(bytes);
    if (root.name !== "Delete") throw new SyntaxError("not a <Delete>");
    const keys = root.children.map((object) => {
      if (object.name !== "Object")
        throw new S3Error("NotImplemented", { elements: { Element: object.name } });
      const key = childText(object, "Key");
      if (!key) throw new SyntaxError("an <Object> without a <Key>");
      if (object.children.length > 1) throw new S3Error("NotImplemented");
      return key;
    });
    if (keys.length === 0 || keys.length > MAX_BULK_DELETE) throw new SyntaxError("1 to 1000 keys");
    return keys;
  } catch (error) {
    if (error instanceof SyntaxError) throw new S3Error("MalformedXML");
    throw error;
  }
}
