// Answers every GET with the same value, and stores nothing: as little work as a server can have. Run as a process,
// `node canned-server.js DELAY_MS BYTES`, it tells its port on stdout.
const { createHash } = require("node:crypto");
const http = require("node:http");
const zlib = require("node:zlib");

const [delayMs = 0, bytes = 1024] = process.argv.slice(2).map(Number);
const value = Buffer.alloc(bytes, "x");
const crc = Buffer.alloc(4);
crc.writeUInt32BE(zlib.crc32(value));
const etag = (/** @type {Buffer} */ body) => `"${createHash("md5").update(body).digest("hex")}"`;
const stored = {
  "content-type": "text/plain",
  "content-length": String(bytes),
  "last-modified": "Sun, 01 Mar 2026 12:00:00 GMT",
  "accept-ranges": "bytes",
  etag: etag(value),
  "x-amz-checksum-crc32": crc.toString("base64"),
  "x-amz-checksum-type": "FULL_OBJECT",
};

const server = http.createServer((request, response) => {
  /** @type {Buffer[]} */
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const answer = () => {
      const common = { "x-amz-request-id": "0123456789ABCDEF", date: new Date().toUTCString() };
      if (request.method === "PUT") {
        response.writeHead(200, { ...common, etag: etag(Buffer.concat(chunks)), "content-length": "0" });
        response.end();
      } else {
        response.writeHead(200, { ...common, ...stored });
        response.end(request.method === "HEAD" ? undefined : value);
      }
    };
    if (delayMs > 0) setTimeout(answer, delayMs);
    else answer();
  });
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => {
  console.log(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
});
// Not longer than who started it.
process.stdin.resume().on("end", () => process.exit());
