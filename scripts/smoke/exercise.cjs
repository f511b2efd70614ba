// What the smoke scripts do in every place of a program, with nothing but the package and Node's own modules.
// On the command line: the bucket, the options of s3Bucket as JSON, and the places to try, as JSON.
const assert = require("node:assert");

const [bucketName = "", optionsJson = "{}", placesJson = "[]"] = process.argv.slice(2);
/** @type {import("s3bucketmap").S3BucketOptions} */
const options = JSON.parse(optionsJson);
/** @type {string[]} */
const places = JSON.parse(placesJson);

/**
 * @param {typeof import("s3bucketmap")} library
 * @param {string} place what the keys are kept apart by, and the line printed at the end says
 */
exports.exercise = function exercise(library, place) {
  if (!places.includes(place)) return;
  const { asMap, s3Bucket, S3BucketMap, S3BucketMapError } = library;
  const bucket = s3Bucket(bucketName, { ...options, prefix: `${options.prefix ?? ""}${place}/` });

  bucket.testKey = "some value";
  bucket["ú/../%2F+ &"] = "";
  assert.strictEqual(bucket.testKey, "some value");
  assert.strictEqual(bucket["ú/../%2F+ &"], "");
  assert.strictEqual(bucket.notThere, undefined);
  assert.strictEqual("testKey" in bucket, true);
  assert.strictEqual("notThere" in bucket, false);
  assert.deepStrictEqual(Object.keys(bucket), ["testKey", "ú/../%2F+ &"]);
  assert.deepStrictEqual(Object.entries(bucket), [
    ["testKey", "some value"],
    ["ú/../%2F+ &", ""],
  ]);
  assert.strictEqual(JSON.stringify(bucket), '{"testKey":"some value","ú/../%2F+ &":""}');
  delete bucket.testKey;
  delete bucket.notThere;
  assert.strictEqual("testKey" in bucket, false);

  /** @type {import("s3bucketmap").S3BucketMap<"bytes">} */
  const whole = new S3BucketMap(bucketName, { ...options, readAs: "bytes" });
  const bytes = whole.subMap(`${place} bytes/`);
  const large = Buffer.alloc(1_000_000, "0123456789abcdef");
  bytes.set("large", large).set("notText", new Uint8Array([0xff]));
  assert.deepStrictEqual(bytes.get("large"), large);
  assert.strictEqual(bytes.head("large")?.size, 1_000_000);
  assert.strictEqual(bytes.size, 2);

  const asText = new S3BucketMap(bucketName, options).subMap(`${place} bytes/`);
  assert.throws(
    () => asText.get("notText"),
    (/** @type {any} */ error) => error instanceof S3BucketMapError && error.code === "NotUtf8",
  );
  assert.throws(
    () => s3Bucket("No-Such_Bucket-in-here", options).testKey,
    (/** @type {any} */ error) =>
      error instanceof S3BucketMapError && /^(NoSuch|Invalid)Bucket/.test(error.code),
  );

  asMap(bucket).clear();
  bytes.clear();
  assert.deepStrictEqual([...bytes.keys(), ...Object.keys(bucket)], []);
  console.log(`ok ${place}`);
};

/**
 * The places that a CommonJS script and an ES module have in common.
 *
 * @param {typeof import("s3bucketmap")} library
 */
exports.exerciseLater = function exerciseLater(library) {
  void (async () => {
    await undefined;
    exports.exercise(library, "after an await");
  })();
  void Promise.resolve().then(() => exports.exercise(library, "in a promise's callback"));
  setTimeout(() => exports.exercise(library, "in a timer"), 1);
};

/**
 * A call that lasts long enough to be asked after: silence is not death.
 *
 * @param {typeof import("s3bucketmap")} library
 */
exports.exerciseWaiting = function exerciseWaiting({ S3BucketMap }) {
  const place = "in a long call";
  if (!places.includes(place)) return;
  // Nobody in this blocked thread takes the connection.
  const server = require("node:net").createServer();
  server.listen(0, "127.0.0.1", () => {
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    const { local: _, ...others } = options;
    const map = new S3BucketMap("bucket", {
      ...others,
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
      timeoutMs: 1500,
    });
    assert.throws(() => map.get("k"), { code: "TimedOut" });
    server.close();
    console.log(`ok ${place}`);
  });
};

/** In a thread of the program's own. */
exports.exerciseInWorker = function exerciseInWorker(/** @type {string} */ file) {
  const { Worker } = require("node:worker_threads");
  if (places.includes("in a worker thread")) new Worker(file, { argv: process.argv.slice(2) });
};
