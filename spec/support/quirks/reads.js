// @ts-check
const { refusal } = require("./play.js");
/** @typedef {import("./play.js").Quirk} Quirk */
/** @typedef {import("./play.js").Answer} Answer */
/** @typedef {import("./play.js").Asked} Asked */

/** @param {Asked} asked */
const isObject = ({ operation }) => operation === "GetObject" || operation === "HeadObject";

/** @param {string} code */
const everyRead = (code) => ({
  get: code,
  "get 17 MiB": code,
  entries: code,
  getMany: code,
  update: code,
  "update deletes": code,
  gzip: code,
  "odd paths": code,
});

/**
 * A quirk of the headers of an object.
 * @param {(headers: Record<string, string>, asked: Asked) => void} change
 * @returns {(answer: Answer, asked: Asked) => void}
 */
const headed = (change) => (answer, asked) => {
  if (isObject(asked) && answer.status < 300) change(answer.headers, asked);
};

/**
 * Sends a body in chunks, without a length.
 * @param {(outgoing: import("node:http").ServerResponse, body: Buffer) => void} [end]
 * @returns {NonNullable<Quirk["send"]>}
 */
const chunked =
  (end = (outgoing, body) => void outgoing.end(body)) =>
  (outgoing, { status, headers, body }, asked) => {
    if (asked.operation !== "GetObject" || status >= 300) return false;
    const { "content-length": _, ...others } = headers;
    outgoing.writeHead(status, others);
    outgoing.flushHeaders();
    end(outgoing, body);
    return true;
  };

/** @param {Record<string, string>} headers */
function withoutChecksums(headers) {
  for (const name of Object.keys(headers)) if (name.startsWith("x-amz-checksum-")) delete headers[name];
}

/**
 * @param {number} status
 * @param {string} code
 * @returns {(asked: Asked) => Answer | undefined}
 */
const headFails = (status, code) => (asked) => (asked.method === "HEAD" ? refusal(status, code) : undefined);

// Whether the key is missing or the bucket, nobody has said.
const untold = { "get missing": "HTTP404", getMany: "HTTP404", update: "HTTP404" };

/** @type {Quirk[]} */
const reads = [
  {
    name: "HEAD without Content-Length",
    source: "https://github.com/async-aws/aws/issues/2077",
    answer: headed((headers, { method }) => {
      if (method === "HEAD") delete headers["content-length"];
    }),
  },
  {
    name: "HEAD without Content-Length of an empty object alone",
    source: "https://github.com/supabase/storage/issues/1388",
    answer: headed((headers, { method }) => {
      if (method === "HEAD" && headers["content-length"] === "0") delete headers["content-length"];
    }),
  },
  {
    name: "GET in chunks, without Content-Length and without checksums",
    source: "https://github.com/apache/arrow-rs-object-store/issues/774",
    answer: headed(withoutChecksums),
    send: chunked(),
  },
  {
    name: "GET and HEAD without Content-Length",
    source: "https://github.com/minio/minio-hs/pull/151",
    answer: headed((headers, { method }) => {
      withoutChecksums(headers);
      if (method === "HEAD") delete headers["content-length"];
    }),
    send: chunked(),
  },
  {
    name: "GET in chunks breaks off",
    source: "https://github.com/mapbox/node-get/pull/17",
    refuses: everyRead("NetworkError"),
    answer: headed(withoutChecksums),
    send: chunked((outgoing, body) => {
      outgoing.write(body.subarray(0, body.length >> 1), () => setTimeout(() => outgoing.socket?.end(), 5));
    }),
  },
  {
    name: "GET ends with its connection, half way, without any length",
    source: "https://github.com/aws/aws-sdk-js/issues/886",
    refuses: everyRead("BadAnswer"),
    answer: headed(withoutChecksums),
    send: (outgoing, { status, headers, body }, asked) => {
      if (asked.operation !== "GetObject" || status >= 300) return false;
      const { "content-length": _, ...others } = headers;
      const lines = Object.entries({ ...others, connection: "close" }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      outgoing.socket?.write(`HTTP/1.1 ${status} OK\r\n${lines.join("")}\r\n`);
      outgoing.socket?.end(body.subarray(0, body.length >> 1));
      return true;
    },
  },
  {
    name: "GET of all gives a part (206)",
    source: "thought of",
    refuses: everyRead("BadAnswer"),
    answer: (answer, { operation, headers }) => {
      if (operation !== "GetObject" || answer.status !== 200 || headers["range"] !== undefined) return;
      const { length } = answer.body;
      if (length < 2) return;
      withoutChecksums(answer.headers);
      answer.status = 206;
      answer.headers["content-range"] = `bytes 0-${(length >> 1) - 1}/${length}`;
      answer.body = answer.body.subarray(0, length >> 1);
      answer.headers["content-length"] = String(length >> 1);
    },
  },
  {
    name: "HEAD is 403 while GET works",
    source: "https://github.com/backblaze-b2-samples/cloudflare-b2/issues/18",
    request: headFails(403, "SignatureDoesNotMatch"),
  },
  {
    name: "HEAD is 405",
    source: "https://github.com/oxyno-zeta/s3-proxy/issues/474",
    request: headFails(405, "MethodNotAllowed"),
  },
  {
    name: "HEAD of an empty object is 500",
    source: "https://github.com/adobe/S3Mock/issues/126",
    answer: (answer, { method }) => {
      if (method === "HEAD" && answer.headers["content-length"] === "0") answer.status = 500;
    },
  },
  {
    name: "HEAD is 500 while GET works",
    source: "thought of",
    request: headFails(500, "InternalError"),
  },
  {
    name: "Last-Modified in ISO 8601",
    source: "https://github.com/rclone/rclone/issues/8259",
    answer: headed((headers) => {
      headers["last-modified"] = new Date(headers["last-modified"] ?? 0).toISOString();
    }),
  },
  {
    name: "no Last-Modified",
    source: "https://github.com/exoscale/pithos/pull/54",
    answer: headed((headers) => void delete headers["last-modified"]),
  },
  {
    name: "Expires that is no date",
    source: "https://github.com/aws/aws-sdk-js-v3/issues/4855",
    answer: headed((headers) => void (headers["expires"] = "1969-12-31T16:00:00-08:00")),
  },
  {
    name: "ETags without quotes in headers",
    source: "https://github.com/jamhall/s3rver/pull/14",
    answer: (answer) => {
      const { etag } = answer.headers;
      if (etag !== undefined) answer.headers["etag"] = etag.replaceAll('"', "");
    },
  },
  {
    name: "weak ETags",
    source: "https://github.com/aws/aws-sdk-java/pull/2380",
    answer: headed((headers) => void (headers["etag"] = `W/${headers["etag"]}`)),
  },
  {
    name: "no ETag of an object",
    source: "https://github.com/Alluxio/alluxio/pull/12442",
    // A create that is refused looks at the key, for the id of its write.
    refuses: {
      ...everyRead("BadAnswer"),
      has: "BadAnswer",
      head: "BadAnswer",
      create: "BadAnswer",
      "set ifMatch": "BadAnswer",
    },
    answer: headed((headers) => void delete headers["etag"]),
  },
  {
    name: "checksums that are too new",
    source: "https://github.com/aws/aws-sdk-go-v2/issues/3404",
    answer: headed((headers) => {
      withoutChecksums(headers);
      headers["x-amz-checksum-xxhash128"] = "AAAAAAAAAAAAAAAAAAAAAA==";
      headers["x-amz-checksum-type"] = "FULL_OBJECT";
    }),
  },
  {
    name: "a checksum that is too new beside one that is known",
    source: "https://github.com/kibertoad/fauxqs/issues/266",
    answer: headed((headers) => {
      headers["x-amz-checksum-xxhash64"] = "AAAAAAAAAAA=";
      headers["x-amz-checksum-xxhash3"] = "AAAAAAAAAAA=";
      headers["x-amz-checksum-sha512"] = "A".repeat(86) + "==";
    }),
  },
  {
    name: "no request ids",
    source: "https://github.com/aws/aws-sdk-go/issues/3361",
    answer: (answer) => {
      delete answer.headers["x-amz-request-id"];
      delete answer.headers["x-amz-id-2"];
      answer.body = Buffer.from(
        answer.body.toString("latin1").replace(/<RequestId>.*?<\/RequestId>/, ""),
        "latin1",
      );
    },
  },
  {
    name: "errors are HTML",
    source: "https://github.com/juicedata/juicesync/issues/6",
    refuses: untold,
    answer: (answer) => {
      if (answer.status < 400) return;
      answer.headers["content-type"] = "text/html";
      answer.body = Buffer.from("<html><body><h1>Not found</h1></body></html>");
    },
  },
  {
    name: "errors are JSON",
    source: "https://github.com/akka/alpakka/pull/1265",
    refuses: untold,
    answer: (answer) => {
      if (answer.status < 400) return;
      answer.headers["content-type"] = "application/json";
      answer.body = Buffer.from('{"error":"not found"}');
    },
  },
  {
    name: "errors are empty",
    source: "https://github.com/aws/smithy-go/pull/202",
    refuses: untold,
    answer: (answer) => {
      if (answer.status >= 400) answer.body = Buffer.alloc(0);
    },
  },
  {
    name: "metadata names in capitals",
    source: "https://github.com/versity/versitygw/pull/278",
    answer: headed((headers) => {
      for (const [name, value] of Object.entries(headers)) {
        if (!name.startsWith("x-amz-meta-")) continue;
        delete headers[name];
        headers[`X-Amz-Meta-${name.slice(11).toUpperCase()}`] = value;
      }
    }),
  },
];

module.exports = { reads };
