// @ts-check
const { changeXml } = require("./play.js");
/** @typedef {import("./play.js").Quirk} Quirk */
/** @typedef {import("./play.js").Answer} Answer */
/** @typedef {import("./play.js").Asked} Asked */

const badListing = {
  keys: "BadListing",
  size: "BadListing",
  "list folders": "BadListing",
  "list limit": "BadListing",
  clear: "BadListing",
  entries: "BadListing",
};

/**
 * A quirk of listings alone.
 * @param {(xml: string, asked: Asked) => string} change
 * @returns {(answer: Answer, asked: Asked) => void}
 */
const listed = (change) => (answer, asked) => {
  if (asked.operation === "ListObjectsV2") changeXml(answer, (xml) => change(xml, asked));
};

/**
 * @param {number} most
 * @returns {(asked: Asked) => void}
 */
const shortPages = (most) => (asked) => {
  if (asked.operation !== "ListObjectsV2") return;
  asked.query["max-keys"] = String(Math.min(most, Number(asked.query["max-keys"] ?? 1000)));
};

/** @type {(asked: Asked) => void} */
const ignoresEncoding = ({ query }) => void delete query["encoding-type"];

/** @type {Quirk[]} */
const listings = [
  {
    name: "encoding-type is ignored, and a key has a control character",
    source: "https://github.com/pfig/net-amazon-s3/issues/67",
    keys: ["bell\u0007"],
    request: ignoresEncoding,
  },
  {
    name: "encoding-type is ignored, and a key has a carriage return",
    source: "https://github.com/rclone/rclone/issues/3345",
    keys: ["line\rend"],
    request: ignoresEncoding,
  },
  {
    name: "encoding-type is echoed, and nothing is encoded",
    source: "https://github.com/Robothy/local-s3/pull/179",
    refuses: badListing,
    request: ignoresEncoding,
    answer: listed((xml) => xml.replace("<IsTruncated>", "<EncodingType>url</EncodingType><IsTruncated>")),
  },
  {
    name: "encoding-type is ignored, and the answer does not say that keys are encoded",
    source: "https://github.com/versity/versitygw/issues/2201, seen on fauxqs",
    request: ignoresEncoding,
  },
  {
    name: "keys are encoded, common prefixes are not",
    source: "https://github.com/getmoto/moto/pull/5239",
    refuses: { "list folders": "BadListing" },
    answer: listed((xml) =>
      xml.replace(
        /<CommonPrefixes><Prefix>([^<]*)</g,
        (_all, /** @type {string} */ prefix) =>
          `<CommonPrefixes><Prefix>${decodeURIComponent(prefix.replaceAll("+", " "))}<`,
      ),
    ),
  },
  {
    name: "slashes are encoded, and a space is %20",
    source: "https://github.com/Kriechi/aws-s3-reverse-proxy/pull/17",
    answer: listed((xml) =>
      xml.replace(
        /<(Key|Prefix)>([^<]*)</g,
        (_all, name, /** @type {string} */ text) =>
          `<${name}>${text.replaceAll("/", "%2F").replaceAll("+", "%20")}<`,
      ),
    ),
  },
  {
    name: "max-keys is ignored",
    source: "https://github.com/findify/s3mock/issues/47",
    request: ({ query }) => void delete query["max-keys"],
  },
  {
    name: "pages are short while there is more",
    source: "https://github.com/boto/boto3/issues/4567",
    request: shortPages(2),
  },
  {
    name: "IsTruncated without NextContinuationToken",
    source: "https://github.com/findify/s3mock/issues/144",
    request: shortPages(3),
    answer: listed((xml) => xml.replace(/<NextContinuationToken>[^<]*<\/NextContinuationToken>/, "")),
  },
  {
    name: "start-after and continuation-token are ignored",
    source: "https://github.com/minio/minio-go/pull/1704",
    refuses: {
      keys: "BadListing",
      size: "BadListing",
      "list folders": "BadListing",
      // All keys are listed before any is deleted.
      clear: "BadListing",
      entries: "BadListing",
    },
    request: (asked) => {
      shortPages(3)(asked);
      delete asked.query["start-after"];
      delete asked.query["continuation-token"];
    },
    answer: listed((xml) => xml.replace(/<NextContinuationToken>[^<]*<\/NextContinuationToken>/, "")),
  },
  {
    name: "keys outside the prefix are listed",
    source: "https://github.com/adobe/S3Mock/issues/181",
    refuses: badListing,
    request: ({ operation, query }) => {
      if (operation === "ListObjectsV2") delete query["prefix"];
    },
  },
  {
    name: "keys are listed in another order",
    source: "https://github.com/storj/roadmap/issues/62",
    refuses: badListing,
    answer: listed((xml) => {
      const contents = xml.match(/<Contents>.*?<\/Contents>/gs) ?? [];
      return xml.replace(/(<Contents>.*?<\/Contents>)+/s, () => contents.reverse().join(""));
    }),
  },
  {
    name: "no KeyCount",
    source: "https://github.com/fsspec/s3fs/pull/405",
    answer: listed((xml) => xml.replace(/<KeyCount>\d+<\/KeyCount>/, "")),
  },
  {
    name: "ETags without quotes in listings",
    source: "https://github.com/adobe/S3Mock/issues/801",
    answer: listed((xml) => xml.replaceAll("&quot;", "")),
  },
  {
    name: "dates of RFC 1123 in listings",
    source: "https://github.com/jamhall/s3rver/issues/181",
    answer: listed((xml) =>
      xml.replace(
        /<LastModified>([^<]*)</g,
        (_all, /** @type {string} */ date) => `<LastModified>${new Date(date).toUTCString()}<`,
      ),
    ),
  },
  {
    name: "no dates in listings",
    source: "https://github.com/exoscale/pithos/pull/54",
    answer: listed((xml) => xml.replace(/<LastModified>[^<]*<\/LastModified>/g, "")),
  },
  {
    name: "listings labelled text/html",
    source: "https://github.com/getmoto/moto/issues/8560",
    answer: (answer, { operation }) => {
      if (operation === "ListObjectsV2") answer.headers["content-type"] = "text/html; charset=utf-8";
    },
  },
  {
    name: "listings of XML without a declaration, without StorageClass, on several lines",
    source: "thought of",
    answer: listed((xml) =>
      xml
        .replace(/^<\?xml[^>]*>\s*/, "")
        .replace(/<StorageClass>[^<]*<\/StorageClass>/g, "")
        .replace(/<(Contents|IsTruncated)>/g, "\n  <$1>"),
    ),
  },
  {
    name: "listings end in the middle, and say nothing of it",
    source: "https://github.com/aws/aws-sdk-js/issues/886",
    refuses: Object.fromEntries(Object.keys(badListing).map((cell) => [cell, "BadAnswer"])),
    answer: listed((xml) => xml.slice(0, xml.length >> 1)),
  },
];

module.exports = { listings };
