import { removeBody } from "../body/body-reader.js";
import { receiveXml } from "../body/receive-body.js";
import { LocalS3Error } from "../local-error.js";
import { xmlReply, type Context, type Reply, type S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import { childText, elements, type XmlElement } from "../xml.js";
import { checkBucket, objectKey } from "./buckets.js";
import { checkWrite } from "./conditions.js";

const MAX_BULK_DELETE = 1000;

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
    const record = plan.read(store.objects, storedKey);
    checkWrite(record, { ifMatch }, key);
    // Deleting a missing key succeeds.
    if (!record) return;
    removeBody(store, record, plan);
    plan.remove(store.objects, storedKey);
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export async function deleteObjects(context: Context, request: S3Request): Promise<Reply> {
  const { headers, bucket } = request;
  if (headers["content-md5"] === undefined && headers["x-amz-checksum-crc32"] === undefined) {
    const message = "Missing required header for this request: Content-MD5";
    throw new S3Error("InvalidRequest", {}, { message });
  }
  const keys = await receiveXml(request, "Delete", keysOf);
  context.store.read(() => checkBucket(context, bucket));
  // Independent writes, as in S3. The store groups them into one transaction, or a few.
  const failures: LocalS3Error[] = [];
  const results = await Promise.all(
    keys.map(async (key) => {
      try {
        await removeObject(context, bucket, key);
        return `<Deleted>${elements({ Key: key })}</Deleted>`;
      } catch (error) {
        if (error instanceof LocalS3Error) failures.push(error);
        else if (!(error instanceof S3Error)) throw error;
        return `<Error>${elements({ Key: key, Code: error.code, Message: error.message })}</Error>`;
      }
    }),
  );
  // A response cannot say that a deletion may have happened, and should not repeat one failure for every key.
  const unsure = failures.find(({ nothingWritten }) => !nothingWritten);
  if (unsure) throw unsure;
  if (failures[0] && failures.length === keys.length) throw failures[0];
  return xmlReply("DeleteResult", results.join(""));
}

// The library asks for no versions, ETags or quiet responses.
function keysOf({ children }: XmlElement): string[] {
  const keys = children.map((object) => {
    if (object.name !== "Object") throw new S3Error("NotImplemented", { Element: object.name });
    const key = childText(object, "Key");
    if (!key) throw new SyntaxError("an <Object> without a <Key>");
    if (object.children.length > 1) throw new S3Error("NotImplemented");
    return key;
  });
  if (keys.length === 0 || keys.length > MAX_BULK_DELETE) throw new SyntaxError("1 to 1000 keys");
  return keys;
}
