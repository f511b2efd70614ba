// The local S3 behind node:http. Run as a process, `node local-server.js DIRECTORY DELAY_MS BYTES_PER_SECOND`, it tells its
// port on stdout. Each connection gives so many bytes a second, 0 for as many as there are, as those of a service do.
const http = require("node:http");
const path = require("node:path");
const { Transform } = require("node:stream");
const { URLSearchParams } = require("node:url");
const { LocalS3Handler } = require(path.join(__dirname, "../../dist/local/handler.js"));

const [directory = "", delayMs = "0", speed = "0"] = process.argv.slice(2);
const handler = new LocalS3Handler({ directory, createBuckets: true });

/** @param {number} bytesPerSecond */
function limited(bytesPerSecond) {
  const start = performance.now();
  let bytes = 0;
  return new Transform({
    transform(chunk, _encoding, done) {
      bytes += chunk.length;
      this.push(chunk);
      setTimeout(done, (bytes / bytesPerSecond) * 1000 - (performance.now() - start));
    },
  });
}

/** How many bytes of objects have crossed the wire, either way. */
let objectBytes = 0;
const isOfObject = (/** @type {string} */ path) => /^\/[^/]+\/./.test(path);

const server = http.createServer((incoming, outgoing) => {
  const [path = "/", search] = (incoming.url ?? "/").split("?");
  if (path === "/.bytes") return void outgoing.end(String(objectBytes));
  const query = Object.fromEntries(new URLSearchParams(search));
  const headers = /** @type {Record<string, string>} */ (incoming.headers);
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  const request = {
    method: incoming.method ?? "GET",
    path,
    query,
    headers,
    body: hasBody ? incoming : undefined,
  };
  const answer = async () => {
    const { response } = await handler.handle(request);
    outgoing.writeHead(response.statusCode, response.headers);
    if (isOfObject(path) && request.method === "PUT") objectBytes += Number(headers["content-length"] ?? 0);
    if (isOfObject(path) && request.method === "GET")
      objectBytes += Number(response.headers["content-length"] ?? 0);
    if (speed === "0") response.body.pipe(outgoing);
    else response.body.pipe(limited(Number(speed))).pipe(outgoing);
  };
  const run = () => answer().catch((error) => outgoing.destroy(error));
  if (delayMs === "0") run();
  else setTimeout(run, Number(delayMs));
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => {
  console.log(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
});
process.stdin.resume().on("end", () => process.exit());
