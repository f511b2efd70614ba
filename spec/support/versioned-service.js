// A small S3 over HTTP that keeps versions, in a thread of its own. It posts its port. Its clock stands: each write comes a
// second after the one before, from 2026-01-01T00:00:01Z on. What a bucket's versioning is, its name says: see
// versioned-service.ts. GET /?log gives what was asked since the last time.
const http = require("node:http");
const { createHash } = require("node:crypto");
const { URLSearchParams } = require("node:url");
const { parentPort, workerData } = require("node:worker_threads");

/**
 * @typedef {{ key: string, id: string, at: number, body?: Buffer, headers: Record<string, string> }} Version
 * @typedef {{ status: number, headers?: Record<string, string>, body?: string | Buffer }} Answer
 */
const { pageSize, oddity } = /** @type {import("./versioned-service.js").VersionedOptions} */ (workerData);

/** Newest first. @type {Map<string, Version[]>} */
const versions = new Map();
/** @type {string[]} */
let log = [];
let now = Date.parse("2026-01-01T00:00:00Z");
let ids = 0;

const element = (/** @type {string} */ name, /** @type {string | number | boolean} */ text) =>
  `<${name}>${text}</${name}>`;
const error = (/** @type {number} */ status, /** @type {string} */ code) => ({
  status,
  body: `<Error>${element("Code", code)}${element("Message", "No.")}</Error>`,
});
const etagOf = (/** @type {Buffer} */ body) => `"${createHash("md5").update(body).digest("hex")}"`;
const inXml = (/** @type {string} */ text) => encodeURIComponent(text).replaceAll("%20", "+");

/** @param {string} bucket @param {string} key @param {Pick<Version, "body" | "headers">} stored @returns {Version} */
function store(bucket, key, stored) {
  now += 1000;
  const isKept = bucket !== "off";
  const version = { key, id: isKept ? `id.${(ids += 1)}` : "null", at: now, ...stored };
  const kept = isKept ? (versions.get(`${bucket}/${key}`) ?? []) : [];
  versions.set(`${bucket}/${key}`, [version, ...kept]);
  return version;
}

/** @param {Version} version @param {boolean} isLatest */
function versionXml({ key, id, at, body }, isLatest) {
  const common =
    element("Key", inXml(key)) +
    element("VersionId", id) +
    element("IsLatest", isLatest) +
    element("LastModified", new Date(at).toISOString());
  if (body === undefined) return element("DeleteMarker", common);
  return element("Version", common + element("ETag", etagOf(body)) + element("Size", body.length));
}

/** @param {string} bucket @param {URLSearchParams} query @returns {Answer} */
function list(bucket, query) {
  const prefix = `${bucket}/${query.get("prefix") ?? ""}`;
  const all = [...versions]
    .filter(([name]) => name.startsWith(prefix))
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .flatMap(([, kept]) => kept.map((version, at) => ({ version, isLatest: at === 0 })));
  const [key, id] = [query.get("key-marker"), query.get("version-id-marker")];
  const marker = all.findIndex(({ version }) => version.key === key && version.id === id);
  const begin =
    oddity === "ignores the marker"
      ? 0
      : oddity === "begins with the marker"
        ? Math.max(marker, 0)
        : marker + 1;
  const page = all.slice(begin, begin + pageSize);
  const isTruncated = begin + pageSize < all.length;
  const root = oddity === "knows no versions" ? "ListBucketResult" : "ListVersionsResult";
  // Ceph does not encode the markers, and AWS does.
  const last = page.at(-1)?.version;
  const markers = isTruncated
    ? element("NextKeyMarker", last?.key ?? "") + element("NextVersionIdMarker", last?.id ?? "")
    : "";
  if (oddity === "oldest first") page.reverse();
  const isMarker = (/** @type {{ version: Version }} */ { version }) => version.body === undefined;
  if (oddity === "versions first") page.sort((a, b) => Number(isMarker(a)) - Number(isMarker(b)));
  if (oddity === "markers first") page.sort((a, b) => Number(isMarker(b)) - Number(isMarker(a)));
  const listed = page.map(({ version, isLatest }) => versionXml(version, isLatest)).join("");
  return {
    status: 200,
    body: element(
      root,
      element("EncodingType", "url") + element("IsTruncated", isTruncated) + markers + listed,
    ),
  };
}

/** @param {string} bucket @param {string} key @param {string | null} id @returns {Answer} */
function get(bucket, key, id) {
  const kept = versions.get(`${bucket}/${key}`) ?? [];
  const version = id === null || oddity === "knows no versions" ? kept[0] : kept.find((one) => one.id === id);
  if (version === undefined) return error(404, id === null ? "NoSuchKey" : "NoSuchVersion");
  const { body, headers } = version;
  if (body === undefined) return id === null ? error(404, "NoSuchKey") : error(405, "MethodNotAllowed");
  const own = oddity === "knows no versions" ? {} : { "x-amz-version-id": version.id };
  const date = new Date(version.at).toUTCString();
  return {
    status: 200,
    headers: {
      ...headers,
      ...own,
      etag: etagOf(body),
      "last-modified": date,
      "content-length": String(body.length),
    },
    body,
  };
}

/** @param {http.IncomingMessage} request @param {Buffer} body @returns {Answer} */
function answer({ method = "", url = "", headers }, body) {
  // No URL is made of it: that would resolve "..".
  const [path = "", search = ""] = url.split("?");
  const query = new URLSearchParams(search);
  const [bucket = "", ...rest] = path.slice(1).split("/");
  const key = decodeURIComponent(rest.join("/"));
  if (query.has("log")) {
    const asked = log;
    log = [];
    return { status: 200, body: JSON.stringify(asked) };
  }
  const kind = query.has("versions") ? "versions" : query.has("versioning") ? "versioning" : "object";
  const source = headers["x-amz-copy-source"];
  log.push(`${source === undefined ? method : "COPY"} ${kind}`);
  if (kind === "versions") return list(bucket, query);
  if (kind === "versioning") {
    if (bucket === "denied") return error(403, "AccessDenied");
    const status =
      bucket === "off" ? "" : element("Status", bucket === "suspended" ? "Suspended" : "Enabled");
    return { status: 200, body: element("VersioningConfiguration", status) };
  }
  if (bucket === "forbidden" && query.has("versionId")) return error(403, "AccessDenied");
  if (method === "GET" || method === "HEAD") return get(bucket, key, query.get("versionId"));
  if (method === "DELETE") {
    store(bucket, key, { headers: {} });
    return { status: 204 };
  }
  const kept = Object.entries(headers).filter(([name]) =>
    /^(content-(type|encoding)|cache-control|x-amz-meta-)/.test(name),
  );
  const stored = { body, headers: /** @type {Record<string, string>} */ (Object.fromEntries(kept)) };
  if (typeof source === "string") {
    const [from = "", id = ""] = source.split("?versionId=");
    const [fromBucket = "", ...fromKey] = from.split("/");
    const copied = get(fromBucket, decodeURIComponent(fromKey.join("/")), decodeURIComponent(id));
    if (copied.status !== 200) return copied;
    stored.body = /** @type {Buffer} */ (copied.body);
    store(bucket, key, stored);
    return { status: 200, body: element("CopyObjectResult", element("ETag", etagOf(stored.body))) };
  }
  return { status: 200, headers: { etag: etagOf(body), "x-amz-version-id": store(bucket, key, stored).id } };
}

const server = http.createServer((request, response) => {
  /** @type {Buffer[]} */
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const { status, headers = {}, body = "" } = answer(request, Buffer.concat(chunks));
    response.writeHead(status, {
      "x-amz-request-id": "VERSIONED",
      "content-type": "application/xml",
      ...headers,
    });
    response.end(request.method === "HEAD" ? undefined : body);
  });
});
server.listen(0, "127.0.0.1", () => {
  parentPort?.postMessage(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
});
