// @ts-check
const { refusal } = require("./play.js");
/** @typedef {import("./play.js").Quirk} Quirk */
/** @typedef {import("./play.js").Asked} Asked */

/** @param {string} code */
const conditions = (code) => ({
  create: code,
  update: code,
  "update deletes": code,
  "set ifMatch": code,
});

/** @param {string} code */
const everyPut = (code) => ({
  set: code,
  "set 3 MiB": code,
  "set 17 MiB": code,
  setMany: code,
  batch: code,
  gzip: code,
  "odd paths": code,
  ...conditions(code),
});

/** @param {Asked} asked */
const isConditional = ({ headers }) =>
  headers["if-match"] !== undefined || headers["if-none-match"] !== undefined;

/** @param {Asked} asked */
const hasChecksum = ({ headers }) =>
  Object.keys(headers).some((name) => /^x-amz-(sdk-)?checksum-(?!mode)/.test(name));

/** @param {Asked} asked */
function ignoreConditions({ headers }) {
  delete headers["if-match"];
  delete headers["if-none-match"];
}

/** @type {Map<string, number>} */
const seen = new Map();
/**
 * Refuses each request the first time.
 * @param {string} name
 * @param {number} status
 * @param {string} code
 * @returns {(asked: Asked) => import("./play.js").Answer | undefined}
 */
const once = (name, status, code) => (asked) => {
  const which = `${name} ${asked.method} ${asked.path} ${JSON.stringify(asked.query)}`;
  seen.set(which, (seen.get(which) ?? 0) + 1);
  return seen.get(which) === 1 ? refusal(status, code) : undefined;
};

/** @type {Quirk[]} */
const writes = [
  {
    name: "empty answers labelled text/html, without a request id",
    source: "https://github.com/getmoto/moto/issues/8560",
    answer: (answer, { method }) => {
      delete answer.headers["x-amz-request-id"];
      delete answer.headers["x-amz-id-2"];
      if (method === "PUT" || method === "DELETE")
        answer.headers["content-type"] = "text/html; charset=UTF-8";
    },
  },
  {
    name: "DELETE is answered 200, empty, as text/html",
    source: "seen on Swift",
    answer: (answer, { method }) => {
      if (method !== "DELETE" || answer.status !== 204) return;
      answer.status = 200;
      answer.headers["content-type"] = "text/html; charset=UTF-8";
    },
  },
  {
    name: "PUT is answered with XML",
    source: "https://github.com/getmoto/moto/issues/2867",
    answer: (answer, { operation }) => {
      if (operation === "PutObject" && answer.status === 200)
        answer.body = Buffer.from("<PutObjectResponse><ETag>x</ETag></PutObjectResponse>");
    },
  },
  {
    name: "checksum headers are 501",
    source: "https://github.com/cloudflare/cloudflare-docs/pull/19236",
    refuses: everyPut("NotImplemented"),
    request: (asked) => (hasChecksum(asked) ? refusal(501, "NotImplemented") : undefined),
  },
  {
    name: "checksum headers are 400",
    source: "https://github.com/io7m-com/exfilac/issues/35",
    refuses: everyPut("InvalidArgument"),
    request: (asked) =>
      hasChecksum(asked) && asked.operation !== "DeleteObjects"
        ? refusal(400, "InvalidArgument", "Unsupported header")
        : undefined,
  },
  {
    name: "checksums in CompleteMultipartUpload are MalformedXML",
    source: "seen on Swift",
    request: (asked) => {
      if (asked.operation === "CompleteMultipartUpload" && asked.body.includes("<Checksum"))
        return refusal(400, "MalformedXML");
      for (const name of Object.keys(asked.headers))
        if (/^x-amz-(sdk-)?checksum-/.test(name) && asked.operation !== "DeleteObjects")
          delete asked.headers[name];
      return undefined;
    },
  },
  {
    name: "a checksum of the whole is refused of CompleteMultipartUpload",
    source: "https://github.com/pgsty/silo/issues/31",
    request: (asked) => {
      if (asked.operation === "CompleteMultipartUpload" && hasChecksum(asked))
        return refusal(400, "InvalidArgument");
      if (asked.operation === "CreateMultipartUpload")
        for (const name of ["x-amz-checksum-type", "x-amz-checksum-algorithm"]) delete asked.headers[name];
      return undefined;
    },
  },
  {
    name: "CompleteMultipartUpload is answered 200 with an error in it",
    source: "https://github.com/apache/arrow-rs-object-store/issues/122",
    refuses: { "set 17 MiB": "InternalError" },
    request: ({ operation }) =>
      operation === "CompleteMultipartUpload" ? { ...refusal(200, "InternalError"), status: 200 } : undefined,
  },
  {
    name: "conditional requests are 501",
    source: "https://github.com/ceph/s3-tests/issues/218",
    refuses: conditions("ConditionsUnsupported"),
    request: (asked) =>
      asked.method === "PUT" && isConditional(asked) ? refusal(501, "NotImplemented") : undefined,
  },
  {
    name: "conditions of a PUT are ignored",
    source: "https://github.com/pithings/mountx/issues/19",
    refuses: conditions("ConditionsUnsupported"),
    request: (asked) => {
      if (asked.method === "PUT") ignoreConditions(asked);
    },
  },
  {
    name: "If-Match of a DELETE is ignored",
    source: "https://github.com/minio/minio/issues/21677",
    refuses: { "update deletes": "ConditionsUnsupported" },
    request: (asked) => {
      if (asked.method === "DELETE") ignoreConditions(asked);
    },
  },
  {
    name: "a PUT whose condition does not hold is 304",
    source: "https://github.com/minio/minio/issues/19442",
    refuses: conditions("ConditionsUnsupported"),
    answer: (answer, { method }) => {
      if (method === "PUT" && answer.status === 412) answer.status = 304;
    },
  },
  {
    name: "If-Match wants its ETag without quotes",
    source: "seen on Ceph",
    request: (asked) => {
      const etag = asked.headers["if-match"];
      if (asked.method !== "PUT" || etag === undefined) return;
      asked.headers["if-match"] = etag.startsWith('"') ? '"no such ETag"' : `"${etag}"`;
    },
  },
  {
    name: "Expect: 100-continue is 417",
    source: "https://github.com/docker-archive/docker-registry/issues/460",
    refusesExpect: true,
  },
  {
    name: "metadata is dropped on the way",
    source: "https://github.com/earth-mover/icechunk/pull/2354",
    dropsMetadata: true,
    request: ({ headers }) => {
      for (const name of Object.keys(headers)) if (name.startsWith("x-amz-meta-")) delete headers[name];
    },
  },
  {
    name: "the first request of each kind is 429",
    source: "https://github.com/apache/opendal/pull/6589",
    request: once("429", 429, "TooManyRequests"),
  },
  {
    name: "the first request of each kind is 429 SlowDown",
    source: "https://github.com/nextcloud/server/issues/12537",
    request: once("429 SlowDown", 429, "SlowDown"),
  },
  {
    name: "keys with // or dot segments are refused",
    source: "https://github.com/minio/minio/issues/5874",
    refuses: { "odd paths": "XMinioInvalidObjectName" },
    request: ({ key }) =>
      /(^|\/)(\.{0,2})(\/)|(^|\/)\.{1,2}$/.test(key) ? refusal(400, "XMinioInvalidObjectName") : undefined,
  },
];

module.exports = { writes };
