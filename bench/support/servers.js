// Servers to measure against, each in a process of its own.
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const path = require("node:path");

/** @typedef {{ endpoint: string, bucket: string, end(): void }} Server */

/**
 * @param {string} file
 * @param {string[]} args
 * @param {() => void} [cleanUp]
 * @returns {Promise<Server>}
 */
async function start(file, args, cleanUp = () => {}) {
  const child = spawn(process.execPath, [path.join(__dirname, file), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [port] = await once(child.stdout, "data");
  return {
    endpoint: `http://127.0.0.1:${String(port).trim()}`,
    bucket: "bench-bucket",
    end() {
      child.once("exit", cleanUp);
      child.stdin.end();
    },
  };
}

/** Answers at once, or after so many milliseconds, as a network would. It lists so many keys. */
const cannedServer = (delayMs = 0, bytes = 1024, keys = 0) =>
  start("canned-server.js", [String(delayMs), String(bytes), String(keys)]);

/** Lists so many keys of one of the shapes in spec/support/key-shapes.js. */
const listingServer = (delayMs = 0, count = 1000, shape = "zero-padded numbers") =>
  start("../../spec/support/listing-server.js", [String(delayMs), String(count), shape]);

/** Gives credentials; what they are, files in this directory say. @param {string} directory */
const credentialsServer = (directory) => start("../../spec/support/credentials-server.js", [directory]);

/** The local S3 over HTTP, which may take so long for each answer, and give so much of it by one connection. */
function localServer(delayMs = 0, bytesPerSecond = 0) {
  const directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-bench-"));
  return start("local-server.js", [directory, String(delayMs), String(bytesPerSecond)], () =>
    rmSync(directory, { recursive: true, force: true }),
  );
}

/** Takes from and gives to any tool, and keeps all in memory. */
const memoryServer = (delayMs = 0) => start("memory-server.js", [String(delayMs)]);

/**
 * A real service, such as Ceph's gateway: where the environment names one, as it does for `npm run test:service`.
 *
 * @returns {Server | undefined}
 */
function realServer() {
  const endpoint = process.env["AWS_ENDPOINT_URL_S3"];
  const bucket = process.env["S3BUCKETMAP_SPEC_BUCKET"];
  if (endpoint === undefined || bucket === undefined) return undefined;
  return { endpoint, bucket, end() {} };
}

module.exports = { cannedServer, credentialsServer, listingServer, localServer, memoryServer, realServer };
