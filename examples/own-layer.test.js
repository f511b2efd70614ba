// Tests the layer of own-layer.js against the contract of all maps: node --test examples/own-layer.test.js
const { describe, it } = require("node:test");
const { S3BucketMap } = require("s3bucketmap");
const { json } = require("s3bucketmap/layers");
const { contract } = require("s3bucketmap/testing");
const { checked } = require("./own-layer.js");

contract({
  describe,
  it,
  name: "json over checked",
  make: () => json(checked(new S3BucketMap("my-bucket", { local: ":memory:" }))),
  // What head returns for the value "ú", which this stack stores as a digest, a space and '"ú"'.
  headOf: { size: 21, contentType: "application/json" },
  // What json accepts and a bucket of strings does not.
  takes: ["null", "a number", "a plain object", "an array", "a lone surrogate"],
});
