const { randomUUID } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { asMap, s3Bucket } = require("s3bucketmap");

/**
 * Calls `use` with an empty bucket: without arguments on the command line one of a local S3 that is
 * removed afterwards, else the one they name, under a prefix that is cleared afterwards. What other processes
 * need to open the same comes with it.
 *
 * @typedef {[name: string, options: import("s3bucketmap").S3BucketOptions]} Where
 * @param {(bucketMap: import("s3bucketmap").BucketObject<string>, where: Where) => void | Promise<void>} use
 */
exports.withBucket = async function withBucket(use) {
  const args = process.argv.slice(2);
  if (args.length === 0) {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "s3bucketmap-example-"));
    try {
      const options = { prefix: "testprefix/", local: directory };
      await use(s3Bucket("example-bucket", options), ["example-bucket", options]);
    } finally {
      fs.rmSync(directory, { recursive: true });
    }
  } else if (args.length === 3) {
    const [accessKeyId = "", secretAccessKey = "", name = ""] = args;
    // A prefix of its own: clearing it deletes nobody else's keys.
    const prefix = `testprefix-${randomUUID()}/`;
    const options = { prefix, credentials: { accessKeyId, secretAccessKey } };
    const bucketMap = s3Bucket(name, options);
    try {
      await use(bucketMap, [name, options]);
    } finally {
      asMap(bucketMap).clear();
    }
  } else {
    console.error(
      "Give no arguments, for a local S3 in a temporary directory, or three: ACCESS_KEY SECRET_KEY BUCKET " +
        "(AWS_ENDPOINT_URL_S3 in the environment names another service than AWS).",
    );
    process.exitCode = 2;
  }
};
