import { removeBody } from "./body-reader.js";
import { checkBucket, objectKey } from "./buckets.js";
import { etagMatches } from "./conditions.js";
import { checkVersion } from "./get-object.js";
import { receiveSmallBody } from "./receive-body.js";
import type { Context, Reply, S3Request } from "./request.js";
import { preconditionFailed, S3Error } from "./s3-error.js";
import { childText, element, parseXml, xmlDocument } from "./xml.js";

const MAX_BULK_DELETE = 1000;
const MAX_XML_BYTES = 4 * 1024 * 1024;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
export async function deleteObject(
  context: Context,
  { bucket, key, headers, query }: S3Request,
): Promise<Reply> {
  checkVersion(query["versionId"]);
  await context.store.write(0, () => {
    checkBucket(context, bucket);
    const error = removeObject(context, bucket, key, headers["if-match"]);
    if (error) throw error;
  });
  return { statusCode: 204, headers: {} };
}

/** Within a write. Returns the error, so that one key's does not undo the others of a bulk delete. */
function removeObject(
  { store }: Context,
  bucket: string,
  key: string,
  ifMatch: string | undefined,
): S3Error | undefined {
  const storedKey = objectKey(bucket, key);
  // No stored key is longer, and the store refuses to look for much longer ones.
  const record = storedKey.length > 1100 ? undefined : store.objects.get(storedKey);
  if (!record) return undefined;
  if (ifMatch !== undefined && !etagMatches(ifMatch, record.etag)) return preconditionFailed("If-Match");
  removeBody(store, record);
  store.objects.removeSync(storedKey);
  return undefined;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export async function deleteObjects(context: Context, request: S3Request): Promise<Reply> {
  const { bytes } = await receiveSmallBody(request, MAX_XML_BYTES);
  const { headers, bucket } = request;
  if (
    headers["content-md5"] === undefined &&
    !Object.keys(headers).some((name) => name.startsWith("x-amz-checksum-"))
  ) {
    const message = "Missing required header for this request: Content-MD5";
    throw new S3Error("InvalidRequest", { message });
  }
  const { quiet, targets } = parseDelete(bytes);
  const results: string[] = [];
  await context.store.write(0, () => {
    checkBucket(context, bucket);
    for (const { key, etag } of targets) {
      const error = removeObject(context, bucket, key, etag);
      if (error)
        results.push(
          `<Error>${element("Key", key)}${element("Code", error.code)}${element("Message", error.message)}</Error>`,
        );
      else if (!quiet) results.push(`<Deleted>${element("Key", key)}</Deleted>`);
    }
  });
  return { statusCode: 200, headers: {}, body: xmlDocument("DeleteResult", results.join("")) };
}

interface Target {
  key: string;
  etag: string | undefined;
}

function parseDelete(bytes: Buffer): { quiet: boolean; targets: Target[] } {
  try {
    const root = parseXml(bytes);
    if (root.name !== "Delete") throw new SyntaxError("not a <Delete>");
    const targets = root.children
      .filter(({ name }) => name === "Object")
      .map((object) => {
        const key = childText(object, "Key");
        if (!key) throw new SyntaxError("an <Object> without a <Key>");
        checkVersion(childText(object, "VersionId"));
        if (childText(object, "Size") !== undefined || childText(object, "LastModifiedTime") !== undefined)
          throw new S3Error("NotImplemented");
        return { key, etag: childText(object, "ETag") };
      });
    if (targets.length === 0 || targets.length > MAX_BULK_DELETE) throw new SyntaxError("1 to 1000 keys");
    return { quiet: childText(root, "Quiet")?.trim() === "true", targets };
  } catch (error) {
    if (error instanceof SyntaxError) throw new S3Error("MalformedXML");
    throw error;
  }
}
