// @ts-check
// Where the threads find their bucket, under several names, and what is reset on the way.
const fs = require("node:fs");
const path = require("node:path");
const { startResettingProxy } = require("../races/proxy.js");
const { startServer } = require("../soak/server.js");

/** @typedef {import("./views.js").Where} Where */

/**
 * @param {string} kind @param {string} directory for what is stored @param {string} prefix @param {number} share of answers that are reset
 * @param {(method: string, url: string) => void} onReset
 */
async function start(kind, directory, prefix, share, onReset) {
  if (kind === "local") return local(directory, prefix);
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const isHttp = kind === "http";
  const server = isHttp ? await startServer(directory) : undefined;
  const direct = server?.endpoint ?? String(process.env.AWS_ENDPOINT_URL_S3);
  const bucket = isHttp ? "consistency" : String(process.env.S3BUCKETMAP_SPEC_BUCKET);
  const proxy = share > 0 ? await startResettingProxy(direct, share, onReset) : undefined;
  const endpoint = proxy?.endpoint ?? direct;
  const other = endpoint.replace("//127.0.0.1", "//localhost");
  const options = { timeoutMs: 60_000, ...(isHttp && { region: "us-east-1", credentials }) };
  // The server's log would fill its memory.
  const forgets = setInterval(() => void server?.takeCounts(), 2000);
  return {
    where: {
      bucket,
      prefix,
      options,
      names: [{ endpoint }, { endpoint: other }, {}],
      deletesOnCondition: isHttp,
    },
    direct: { bucket, options: { prefix, ...options, endpoint: direct } },
    environment: { AWS_ENDPOINT_URL_S3: endpoint },
    counts: () => proxy?.counts(),
    stop() {
      clearInterval(forgets);
      proxy?.close();
      server?.stop();
    },
  };
}

/** @param {string} directory @param {string} prefix */
function local(directory, prefix) {
  const real = path.join(directory, "real");
  const link = path.join(directory, "link");
  fs.mkdirSync(real);
  fs.symlinkSync(real, link);
  const bucket = "consistency";
  return {
    where: {
      bucket,
      prefix,
      options: {},
      names: [{ local: real }, { local: link }, { local: `${real}/.` }],
      deletesOnCondition: true,
    },
    direct: { bucket, options: { prefix, local: real } },
    environment: {},
    counts: () => undefined,
    stop() {},
  };
}

module.exports = { start };
