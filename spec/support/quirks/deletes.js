// @ts-check
const { refusal } = require("./play.js");
/** @typedef {import("./play.js").Quirk} Quirk */
/** @typedef {import("./play.js").Asked} Asked */

const wantsMd5 =
  (/** @type {string} */ code) =>
  (/** @type {Asked} */ { operation, headers }) =>
    operation === "DeleteObjects" && headers["content-md5"] === undefined ? refusal(400, code) : undefined;

const lacksDeleteObjects =
  (/** @type {number} */ status, /** @type {string} */ code) =>
  (/** @type {Asked} */ { operation }) =>
    operation === "DeleteObjects" ? refusal(status, code) : undefined;

/** @type {Set<string>} */
const written = new Set();

/** @type {Quirk[]} */
const deletes = [
  {
    name: "DeleteObjects without Content-MD5 is InvalidRequest",
    source: "https://github.com/flyology-ada/flyology-object-storage/issues/20, seen on Swift",
    request: wantsMd5("InvalidRequest"),
  },
  {
    name: "DeleteObjects without Content-MD5 is MissingContentMD5",
    source: "https://github.com/aws/aws-sdk-js-v3/issues/6920",
    request: wantsMd5("MissingContentMD5"),
  },
  {
    name: "DeleteObjects is 501",
    source: "https://github.com/minio/mc/issues/4778",
    request: lacksDeleteObjects(501, "NotImplemented"),
  },
  {
    name: "DeleteObjects is 405",
    source: "https://github.com/meganz/s4-specs/issues/5",
    request: lacksDeleteObjects(405, "MethodNotAllowed"),
  },
  {
    name: "DeleteObjects is InvalidRequest, whatever is sent",
    source: "thought of",
    request: lacksDeleteObjects(400, "InvalidRequest"),
  },
  {
    name: "DeleteObjects names no key that it deleted",
    source: "https://github.com/AutoMQ/automq/pull/1028",
    answer: (answer, { operation }) => {
      if (operation === "DeleteObjects") answer.body = Buffer.from("<DeleteResult></DeleteResult>");
    },
  },
  {
    name: "DeleteObjects does nothing, and names no key",
    source: "thought of",
    request: ({ operation }) =>
      operation === "DeleteObjects"
        ? {
            status: 200,
            headers: { "content-type": "application/xml", "x-amz-request-id": "QUIRK" },
            body: Buffer.from("<DeleteResult></DeleteResult>"),
          }
        : undefined,
  },
  {
    name: "DeleteObjects names other keys than it was asked to delete",
    source: "thought of",
    answer: (answer, { operation }) => {
      if (operation !== "DeleteObjects") return;
      answer.body = Buffer.from(answer.body.toString().replaceAll("<Key>", "<Key>/"));
    },
  },
  {
    name: "DeleteObjects has an error of each key: NoSuchKey",
    source: "https://github.com/versity/versitygw/issues/834",
    answer: (answer, { operation }) => {
      if (operation !== "DeleteObjects") return;
      const xml = answer.body.toString();
      answer.body = Buffer.from(
        xml.replace(/<Deleted>(.*?)<\/Deleted>/gs, "<Error>$1<Code>NoSuchKey</Code></Error>"),
      );
    },
  },
  {
    name: "DELETE of a key that is not there is 404 NoSuchKey",
    source: "https://github.com/apache/opendal/pull/2941",
    answer: (answer, { operation, key }) => {
      if (operation === "PutObject") written.add(key);
      // The usual keys have not been written through the quirk, and count as missing, too.
      if (operation !== "DeleteObject" || answer.status !== 204 || written.delete(key)) return;
      Object.assign(answer, refusal(404, "NoSuchKey"));
    },
  },
];

module.exports = { deletes };
