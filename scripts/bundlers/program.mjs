// What scripts/bundlers.js has bundled. It is given the options of a map, and prints what it saw as JSON.
import { asObject, batch, s3Bucket, S3BucketMap } from "s3bucketmap";
import { json, live } from "s3bucketmap/layers";

/** @param {import("s3bucketmap").S3BucketOptions} options */
export function use(options) {
  /** @type {Record<string, unknown>} */
  const seen = {};
  try {
    seen.wrong = stackOf(() => usersAssignment(s3Bucket("my-bucket", options)));
    const bucket = s3Bucket("my-bucket", { ...options, prefix: "program/" });
    bucket.text = "here";
    seen.refused = stackOf(() => usersCall(new S3BucketMap("my-bucket", { ...options, prefix: "program/" })));
    const documents = asObject(
      live(
        json(new S3BucketMap("my-bucket", { ...options, readAs: "string", prefix: "program/documents/" })),
      ),
    );
    documents.one = { list: [1] };
    documents.one.list.push(2);
    batch(bucket, () => {
      bucket.inBatch = "too";
    });
    seen.read = [bucket.text, documents.one.list.length, Object.keys(bucket).join()].join(" ");
  } catch (error) {
    const { code, message, stack } = /** @type {Error & { code?: string }} */ (error);
    seen.error = { code, message, stack };
  }
  return seen;
}

/** @param {Record<string, unknown>} bucket */
function usersAssignment(bucket) {
  bucket.number = 1;
}

/** @param {S3BucketMap} map */
function usersCall(map) {
  map.set("text", "new", { ifMatch: '"other"' });
}

/** @param {() => void} run */
function stackOf(run) {
  try {
    run();
    return "nothing was thrown";
  } catch (error) {
    return /** @type {Error} */ (error).stack;
  }
}

/** @param {import("s3bucketmap").S3BucketOptions} event */
export async function handler(event) {
  await undefined;
  return use(event);
}

if (process.argv[2] !== undefined) console.log(JSON.stringify(use(JSON.parse(process.argv[2]))));
