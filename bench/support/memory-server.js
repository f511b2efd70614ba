// As much of S3 as copying tools use, in memory: objects, ranges, uploads in parts, listings of both versions. It checks no
// signature. Run as a process, `node memory-server.js DELAY_MS`, it tells its port on stdout.
const { createHash, randomUUID } = require("node:crypto");
const http = require("node:http");

const [delayMs = 0] = process.argv.slice(2).map(Number);

/** @typedef {{ chunks: Buffer[], length: number, etag: string, modified: Date, headers: Record<string, string> }} Stored */
/** @type {Map<string, Map<string, Stored>>} By bucket and key. */
const buckets = new Map();
/** @type {Map<string, { parts: Map<number, Stored>, headers: Record<string, string> }>} */
const uploads = new Map();

const inXml = (/** @type {string} */ text) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** The bytes of a body that is sent in signed or summed chunks. @param {Buffer} body */
function unchunked(body) {
  /** @type {Buffer[]} */
  const parts = [];
  for (let at = 0; ;) {
    const end = body.indexOf("\r\n", at);
    const size = parseInt(body.toString("latin1", at, end), 16);
    if (!(size > 0)) return parts;
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

/** @param {Buffer[]} chunks @param {http.IncomingMessage} request @returns {Stored} */
function stored(chunks, { headers }) {
  const isChunked = String(headers["x-amz-content-sha256"]).startsWith("STREAMING-");
  const plain = isChunked ? unchunked(Buffer.concat(chunks)) : chunks;
  const md5 = createHash("md5");
  for (const chunk of plain) md5.update(chunk);
  const length = plain.reduce((sum, chunk) => sum + chunk.length, 0);
  return { chunks: plain, length, etag: md5.digest("hex"), modified: new Date(), headers: kept(headers) };
}

/** @param {http.IncomingHttpHeaders} headers */
function kept(headers) {
  const names = Object.keys(headers).filter(
    (name) => name === "content-type" || name.startsWith("x-amz-meta-"),
  );
  return Object.fromEntries(names.map((name) => [name, String(headers[name])]));
}

/** @param {Buffer[]} chunks @param {number} from @param {number} to */
function slice(chunks, from, to) {
  /** @type {Buffer[]} */
  const found = [];
  let at = 0;
  for (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at));
    if (part.length > 0) found.push(part);
    at += chunk.length;
  }
  return found;
}

/** @param {Map<string, Stored>} objects @param {URLSearchParams} query */
function listing(objects, query) {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter");
  const most = Number(query.get("max-keys") ?? 1000);
  const after = query.get("continuation-token") ?? query.get("start-after") ?? query.get("marker") ?? "";
  const name = query.get("encoding-type") === "url" ? encodeURIComponent : inXml;
  const folders = new Set();
  /** @type {string[]} */
  const rows = [];
  let last = "";
  let isTruncated = false;
  for (const key of [...objects.keys()].filter((each) => each.startsWith(prefix) && each > after).sort()) {
    if (rows.length + folders.size >= most) {
      isTruncated = true;
      break;
    }
    last = key;
    const end = delimiter === null || delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    if (end >= 0) {
      folders.add(key.slice(0, end + 1));
      continue;
    }
    const { etag, length, modified } = /** @type {Stored} */ (objects.get(key));
    rows.push(
      `<Contents><Key>${name(key)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>&quot;${etag}&quot;</ETag><Size>${length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    );
  }
  const next = isTruncated
    ? `<NextContinuationToken>${inXml(last)}</NextContinuationToken><NextMarker>${name(last)}</NextMarker>`
    : "";
  const common = [...folders].map(
    (folder) => `<CommonPrefixes><Prefix>${name(folder)}</Prefix></CommonPrefixes>`,
  );
  const encoding = query.get("encoding-type") === "url" ? "<EncodingType>url</EncodingType>" : "";
  return `<ListBucketResult><Prefix>${name(prefix)}</Prefix><KeyCount>${rows.length + folders.size}</KeyCount><MaxKeys>${most}</MaxKeys>${encoding}<IsTruncated>${isTruncated}</IsTruncated>${next}${rows.join("")}${common.join("")}</ListBucketResult>`;
}

/** @param {http.IncomingMessage} request @param {Buffer[]} body @param {http.ServerResponse} response */
function answer(request, body, response) {
  const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://localhost");
  const [, bucket = "", ...rest] = pathname.split("/");
  const key = decodeURIComponent(rest.join("/"));
  const objects = buckets.get(bucket) ?? new Map();
  buckets.set(bucket, objects);
  const send = (/** @type {number} */ status, /** @type {Record<string, unknown>} */ headers, text = "") => {
    response.writeHead(status, {
      "x-amz-request-id": "0123456789ABCDEF",
      ...headers,
      "content-length": Buffer.byteLength(text),
    });
    response.end(text);
  };
  const xml = (/** @type {string} */ page) => send(200, { "content-type": "application/xml" }, page);
  const upload = uploads.get(query.get("uploadId") ?? "");
  const { method } = request;

  if (key === "")
    return method === "GET" && !query.has("location")
      ? xml(listing(objects, query))
      : xml("<LocationConstraint/>");
  if (method === "POST" && query.has("uploads")) {
    const id = randomUUID();
    uploads.set(id, { parts: new Map(), headers: kept(request.headers) });
    return xml(
      `<InitiateMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${inXml(key)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }
  if (method === "POST" && upload !== undefined) {
    const parts = [...upload.parts].sort(([one], [other]) => one - other).map(([, part]) => part);
    const md5 = createHash("md5");
    for (const { etag } of parts) md5.update(Buffer.from(etag, "hex"));
    const etag = `${md5.digest("hex")}-${parts.length}`;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    objects.set(key, {
      chunks: parts.flatMap(({ chunks }) => chunks),
      length,
      etag,
      modified: new Date(),
      headers: upload.headers,
    });
    uploads.delete(query.get("uploadId") ?? "");
    return xml(
      `<CompleteMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${inXml(key)}</Key><ETag>&quot;${etag}&quot;</ETag></CompleteMultipartUploadResult>`,
    );
  }
  if (method === "PUT") {
    const object = stored(body, request);
    if (upload === undefined) objects.set(key, object);
    else upload.parts.set(Number(query.get("partNumber")), object);
    return send(200, { etag: `"${object.etag}"` });
  }
  if (method === "DELETE") {
    objects.delete(key);
    return send(204, {});
  }
  const object = objects.get(key);
  if (object === undefined) {
    const page =
      method === "HEAD"
        ? ""
        : "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>";
    return send(404, { "content-type": "application/xml" }, page);
  }
  const { length, chunks, etag, modified, headers } = object;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const from = Number(range?.[1] ?? 0);
  const to = Math.min(length, range?.[2] ? Number(range[2]) + 1 : length);
  response.writeHead(range === null ? 200 : 206, {
    "x-amz-request-id": "0123456789ABCDEF",
    "accept-ranges": "bytes",
    "last-modified": modified.toUTCString(),
    "content-length": to - from,
    etag: `"${etag}"`,
    ...headers,
    ...(range !== null && { "content-range": `bytes ${from}-${to - 1}/${length}` }),
  });
  if (method !== "HEAD") for (const chunk of slice(chunks, from, to)) response.write(chunk);
  response.end();
}

const server = http.createServer((request, response) => {
  /** @type {Buffer[]} */
  const body = [];
  request.on("data", (chunk) => body.push(chunk));
  request.on("end", () => {
    if (delayMs > 0) setTimeout(answer, delayMs, request, body, response);
    else answer(request, body, response);
  });
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => {
  console.log(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
});
// Not longer than who started it.
process.stdin.resume().on("end", () => process.exit());
