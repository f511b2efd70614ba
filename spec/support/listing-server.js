// Answers LIST from keys in its memory, as little work as a listing can be. Run as a process,
// `node listing-server.js DELAY_MS COUNT SHAPE [ODDITY]`, it tells its port on stdout; GET /requests tells how many pages it has given.
const http = require("node:http");
const { URLSearchParams } = require("node:url");
const { keysOfShape } = require("./key-shapes.js");

const [delayMs = "0", count = "1000", shape = "zero-padded numbers", oddity] = process.argv.slice(2);
const keys = keysOfShape(shape, Number(count)).map((key) => Buffer.from(key));
const fragments = keys.map(
  (key) =>
    `<Contents><Key>${encodeURIComponent(key.toString())}</Key><LastModified>2026-03-01T12:00:00.000Z</LastModified>` +
    `<ETag>&quot;900150983cd24fb0d6963f7d28e17f72&quot;</ETag><Size>3</Size><StorageClass>STANDARD</StorageClass></Contents>`,
);
let requests = 0;

/** @param {Buffer} after */
function firstAfter(after) {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Buffer.compare(keys[middle] ?? after, after) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** @param {URLSearchParams} query */
function page(query) {
  const token = query.get("continuation-token");
  const after = query.get("start-after");
  const from =
    token !== null
      ? Number(token)
      : after !== null && oddity !== "ignores start-after"
        ? firstAfter(Buffer.from(after))
        : 0;
  const most = oddity === "short pages" ? 700 : 1000;
  const to = Math.min(keys.length, from + Math.min(most, Number(query.get("max-keys") ?? 1000)));
  const isTruncated = to < keys.length;
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bench-bucket</Name>` +
    `<Prefix></Prefix><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><KeyCount>${to - from}</KeyCount><IsTruncated>${isTruncated}</IsTruncated>` +
    (isTruncated ? `<NextContinuationToken>${to}</NextContinuationToken>` : "") +
    `${fragments.slice(from, to).join("")}</ListBucketResult>`
  );
}

const server = http.createServer((request, response) => {
  request.resume();
  if (request.url === "/requests") return void response.end(String(requests));
  // A listing's answers are good for a second. On a busy machine the next key can be later, and costs a HEAD.
  if (request.method === "HEAD") {
    response.writeHead(200, {
      "content-length": "3",
      "last-modified": "Sun, 01 Mar 2026 12:00:00 GMT",
      etag: '"900150983cd24fb0d6963f7d28e17f72"',
      "x-amz-request-id": "0123456789ABCDEF",
    });
    return void response.end();
  }
  requests += 1;
  const answer = () => {
    const query = new URLSearchParams((request.url ?? "").split("?")[1]);
    const body = Buffer.from(page(query));
    response.writeHead(200, {
      "content-type": "application/xml",
      "content-length": String(body.length),
      "x-amz-request-id": "0123456789ABCDEF",
    });
    response.end(body);
  };
  if (delayMs === "0") answer();
  else setTimeout(answer, Number(delayMs));
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => {
  console.log(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
});
process.stdin.resume().on("end", () => process.exit());
