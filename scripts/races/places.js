// @ts-check
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { randomUUID } = require("node:crypto");

/**
 * Where racers meet: "local" is the local S3, "http" the same behind a server, "service" the bucket
 * S3BUCKETMAP_SPEC_BUCKET at AWS_ENDPOINT_URL_S3.
 *
 * @typedef {{ bucket: string, options: import("../../dist/index.js").S3BucketOptions }} Where
 * @param {string} kind
 * @param {(where: Where) => Promise<void>} use
 */
async function withPlace(kind, use) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "s3bucketmap-races-"));
  const prefix = `races/${randomUUID()}/`;
  /** @type {() => void} */
  let stop = () => {};
  try {
    if (kind === "local") await use({ bucket: "races", options: { prefix, local: directory } });
    else if (kind === "http") {
      const { startServer } = require("../soak/server.js");
      const server = await startServer(directory);
      stop = server.stop;
      const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
      const options = { endpoint: server.endpoint, region: "us-east-1", credentials, prefix };
      await use({ bucket: "races", options });
    } else if (kind === "service") {
      const bucket = String(process.env.S3BUCKETMAP_SPEC_BUCKET);
      await use({ bucket, options: { endpoint: String(process.env.AWS_ENDPOINT_URL_S3), prefix } });
    } else {
      throw new Error("Say local, http or service.");
    }
  } finally {
    stop();
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

module.exports = { withPlace };
