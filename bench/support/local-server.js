// The local S3 behind node:http. Run as a process, `node local-server.js DIRECTORY DELAY_MS`, it tells its port on stdout.
const http = require("node:http");
const path = require("node:path");
const { URLSearchParams } = require("node:url");
const { LocalS3Handler } = require(path.join(__dirname, "../../dist/local/handler.js"));

const [directory = "", delayMs = "0"] = process.argv.slice(2);
const handler = new LocalS3Handler({ directory, createBuckets: true });

const server = http.createServer((incoming, outgoing) => {
  const [path = "/", search] = (incoming.url ?? "/").split("?");
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
    response.body.pipe(outgoing);
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
