// A small S3 over HTTP, in a thread of its own, each of whose buckets is odd in its own way. It posts its port. POST
// /?make=BUCKET takes an OddBucketOptions as JSON; GET /BUCKET?log gives what was asked, GET /BUCKET?keys what there is.
const http = require("node:http");
const { URLSearchParams } = require("node:url");
const { parentPort } = require("node:worker_threads");

/** @typedef {import("./odd-service.js").OddBucketOptions} OddBucketOptions */
/** @typedef {{ name: string, folder?: true }} Entry */

const byUtf16 = (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : a > b ? 1 : 0);
const byUtf8 = (/** @type {string} */ a, /** @type {string} */ b) =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));
const byCase = (/** @type {string} */ a, /** @type {string} */ b) =>
  byUtf8(a.toLowerCase(), b.toLowerCase()) || byUtf8(a, b);
const escapeXml = (/** @type {string} */ text) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const element = (/** @type {string} */ name, /** @type {string} */ text) => `<${name}>${text}</${name}>`;
const unescapeXml = (/** @type {string} */ text) =>
  text
    .replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCodePoint(parseInt(hex, 16)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");

/** @param {OddBucketOptions} options */
function oddBucket({ keys, pageSize = 1000, oddity = "none", from = 0, rewrite }) {
  const stored = new Set(keys);
  /** @type {string[]} */
  const log = [];
  const compare =
    oddity === "orders by UTF-16" ? byUtf16 : oddity === "orders whatever the case" ? byCase : byUtf8;

  const isEncoded = oddity !== "does not encode";
  const inXml = (/** @type {string} */ text) =>
    isEncoded ? encodeURIComponent(text).replaceAll("%20", "+") : escapeXml(text);

  /** @type {string[]} */
  let sorted = [...stored].sort(compare);
  /** @type {Map<string, Entry[]>} */
  const views = new Map();

  /**
   * @param {string} prefix
   * @param {string} delimiter
   */
  function viewOf(prefix, delimiter) {
    const id = JSON.stringify([prefix, delimiter]);
    const known = views.get(id);
    if (known !== undefined) return known;
    /** @type {Map<string, Entry>} */
    const found = new Map();
    for (const key of sorted) {
      if (!key.startsWith(prefix) && oddity !== "ignores the prefix") continue;
      const cut =
        delimiter === "" || oddity === "ignores the delimiter" ? -1 : key.indexOf(delimiter, prefix.length);
      const name = cut === -1 ? key : key.slice(0, cut + delimiter.length);
      if (!found.has(name)) found.set(name, cut === -1 ? { name } : { name, folder: true });
    }
    const view = [...found.values()];
    views.set(id, view);
    return view;
  }

  const given = (/** @type {string} */ what) =>
    oddity.startsWith(`gives a ${what} of `) ? oddity.split(" ").at(-1) : undefined;

  let pages = 0;

  /** @param {URLSearchParams} query */
  function list(query) {
    const view = viewOf(query.get("prefix") ?? "", query.get("delimiter") ?? "");
    const token = query.get("continuation-token") ?? undefined;
    const after = query.get("start-after") ?? undefined;
    pages += 1;
    const isOdd = pages > from;
    let start = 0;
    if (token !== undefined && oddity !== "ignores the token") {
      start = Number(token.split(" ")[0]);
    } else if (after !== undefined && oddity !== "ignores where to start") {
      while (start < view.length && compare(view[start]?.name ?? "", after) <= 0) start += 1;
      const isRepeated = view[start - 1]?.folder && view[start - 1]?.name === after;
      if (oddity === "lists the folder again that it is to start after" && isRepeated) start -= 1;
    }
    if (oddity === "skips what begins with a name that ends with the delimiter") {
      const delimiter = query.get("delimiter") ?? "";
      const marker = token === undefined ? (after ?? "") : (view[start - 1]?.name ?? "");
      const isSkipped = delimiter !== "" && marker.endsWith(delimiter);
      while (isSkipped && view[start]?.name.startsWith(marker)) start += 1;
    }
    const most = Math.min(pageSize, Number(query.get("max-keys") ?? 1000));
    let end = Math.min(
      view.length,
      start + (oddity === "gives more than it is asked for" ? 2 * most + 3 : most),
    );
    /** @type {string | undefined} */
    let next = end < view.length ? String(end) : undefined;
    if (isOdd && next !== undefined) {
      if (oddity === "gives a page without keys once" && pages === from + 1)
        [end, next] = [start, `${start} again`];
      if (oddity === "gives pages without keys") [end, next] = [start, `${start} ${pages}`];
      if (oddity === "gives pages without keys, and the same token") [end, next] = [start, `${start} same`];
      if (oddity === "gives the same token") next = token ?? "0 same";
      if (oddity === "gives the same page") next = `${start} ${pages}`;
      if (oddity === "goes back") next = `${Math.max(0, start - 2)} ${pages}`;
      if (oddity === "leaves keys out, and gives them later") {
        next =
          pages === from + 1
            ? `${Math.min(view.length - 1, end + 2)} later`
            : `${Math.max(0, start - 2)} ${pages}`;
      }
      if (oddity === "gives no token") next = "";
      if (oddity === "gives the last key again") next = String(end - 1);
    }
    const page = view.slice(start, end);
    const objects = page.flatMap(({ name, folder }) => (folder ? [] : [name]));
    const folders = page.flatMap(({ name, folder }) => (folder ? [name] : []));
    const content = [
      ...(isEncoded ? [element("EncodingType", "url")] : []),
      element("IsTruncated", String(next !== undefined)),
      ...(next === undefined || next === "" ? [] : [element("NextContinuationToken", next)]),
      ...objects.map((name) =>
        element(
          "Contents",
          element("Key", inXml(name)) +
            element("LastModified", given("date") ?? "2026-03-01T12:00:00.000Z") +
            "<ETag>&quot;900150983cd24fb0d6963f7d28e17f72&quot;</ETag>" +
            element("Size", given("size") ?? "1"),
        ),
      ),
      ...folders.map((name) => element("CommonPrefixes", element("Prefix", inXml(name)))),
    ];
    const xml = element("ListBucketResult", content.join(""));
    if (rewrite === undefined || !isOdd) return { status: 200, xml };
    return { status: 200, xml: xml.replace(new RegExp(rewrite[0], "g"), rewrite[1]) };
  }

  /** @param {string} key */
  function remove(key) {
    if (!stored.delete(key)) return;
    sorted = [];
    views.clear();
  }

  /** @param {string} body */
  function removeAll(body) {
    const asked = [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = ""]) => unescapeXml(key));
    const named = asked.map((key, at) => {
      if (oddity === "tells of other keys as deleted") return `other ${key}`;
      if (oddity === "tells of another key in place of the last") return at === asked.length - 1 ? "z" : key;
      return oddity === "tells of the first key for each" ? (asked[0] ?? "") : key;
    });
    if (oddity !== "tells of each key as deleted and as refused")
      asked.filter((key) => named.includes(key)).forEach(remove);
    sorted = [...stored].sort(compare);
    const inElement = (/** @type {string} */ key) => element("Key", escapeXml(key).replaceAll("\r", "&#13;"));
    const told = named.map((key) => element("Deleted", inElement(key)));
    if (oddity === "tells of each key as deleted and as refused")
      told.push(...named.map((key) => element("Error", `${inElement(key)}<Code>InternalError</Code>`)));
    return { status: 200, xml: element("DeleteResult", told.join("")) };
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {string} body
   * @returns {{ status: number, xml: string, type?: string }}
   */
  function answer({ method = "", url = "" }, body) {
    const [path = "", search = ""] = url.split("?");
    const query = new URLSearchParams(search);
    if (search === "log") return { status: 200, xml: JSON.stringify(log) };
    if (search === "keys") return { status: 200, xml: JSON.stringify([...stored].sort(byUtf8)) };
    const key = decodeURIComponent(path.split("/").slice(2).join("/"));
    log.push(query.has("list-type") ? "LIST" : query.has("delete") ? "DELETE_OBJECTS" : method);
    if (query.has("list-type")) return list(query);
    if (query.has("delete")) return removeAll(body);
    if (method === "DELETE") {
      remove(key);
      sorted = [...stored].sort(compare);
      return { status: 204, xml: "" };
    }
    if (method === "GET" && stored.has(key)) return { status: 200, xml: "v", type: "text/plain" };
    return { status: 404, xml: "<Error><Code>NoSuchKey</Code></Error>" };
  }

  return answer;
}

/** @type {Map<string, ReturnType<typeof oddBucket>>} */
const buckets = new Map();

const server = http.createServer((request, response) => {
  /** @type {Buffer[]} */
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const body = Buffer.concat(pieces).toString();
    const { url = "" } = request;
    const [, bucket = "", made] = /^\/(?:([^/?]+)|\?make=(.*))/.exec(url) ?? [];
    if (made !== undefined) buckets.set(made, oddBucket(JSON.parse(body)));
    const given = buckets.get(bucket)?.(request, body) ?? { status: 204, xml: "" };
    const { status, xml, type = "application/xml" } = given;
    const bytes = Buffer.from(xml);
    response.writeHead(status, {
      "content-type": type,
      etag: '"900150983cd24fb0d6963f7d28e17f72"',
      "x-amz-request-id": "0123456789ABCDEF",
      ...(status !== 204 && { "content-length": String(bytes.length) }),
    });
    response.end(bytes);
  });
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => {
  parentPort?.postMessage(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
});
