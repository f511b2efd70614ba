// Stores a checksum with each value, so that a damaged value throws an error when it is read.
const { createHash } = require("node:crypto");
const { transform } = require("s3bucketmap/layers");

/** @param {string} text */
const digest = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** @param {import("s3bucketmap").SyncMap<string>} map */
exports.checked = (map) =>
  transform(map, {
    name: "checked",
    encode: (/** @type {string} */ text, key) => `${digest(key + text)} ${text}`,
    decode(stored, key) {
      const text = stored.slice(17);
      if (stored.slice(0, 17) !== `${digest(key + text)} `) throw new Error("its checksum is wrong");
      return text;
    },
  });
