// Answers every GET with the same value, and stores nothing: as little work as a server can have. Lists KEYS keys, a
// thousand a page. Run as a process, `node canned-server.js DELAY_MS BYTES KEYS`, it tells its port on stdout.
const { createHash } = require("node:crypto");
const http = require("node:http");
const zlib = require("node:zlib");

const [delayMs = 0, bytes = 1024, keys = 0] = process.argv.slice(2).map(Number);
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

const pages = Array.from({ length: Math.ceil(keys / 1000) }, (_, at) => pageOf(at * 1000));

/** @param {number} from */
function pageOf(from) {
  const to = Math.min(from + 1000, keys);
  const isLast = to === keys;
  const contents = Array.from({ length: to - from }, (_, at) => {
    const key = `key ${String(from + at).padStart(5, "0")}`;
    return `<Contents><Key>${key.replace(" ", "+")}</Key><LastModified>2026-03-01T12:00:00.000Z</LastModified><ETag>&quot;${stored.etag.slice(1, -1)}&quot;</ETag><Size>${bytes}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
  });
  const next = isLast ? "" : `<NextContinuationToken>${to / 1000}</NextContinuationToken>`;
  return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bench-bucket</Name><Prefix></Prefix><KeyCount>${to - from}</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>${!isLast}</IsTruncated>${next}${contents.join("")}</ListBucketResult>`;
}

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
      } else if (keys > 0 && request.url?.includes("list-type=2") === true) {
        const page = pages[Number(/continuation-token=(\d+)/.exec(request.url)?.[1] ?? 0)] ?? "";
        response.writeHead(200, {
          ...common,
          "content-type": "application/xml",
          "content-length": page.length,
        });
        response.end(page);
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
