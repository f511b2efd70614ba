// npm run example:counter [-- ACCESS_KEY SECRET_KEY BUCKET]
// A counter that several processes bump at once, and none of them loses a turn.
const { fork } = require("node:child_process");
const { asMap, S3BucketMap } = require("s3bucketmap");
const { withBucket } = require("./open-bucket.js");

const PROCESSES = 4;
const TIMES = 10;

if (process.send === undefined) {
  void withBucket(async (bucketMap, where) => {
    const children = Array.from({ length: PROCESSES }, () => fork(__filename));
    const ends = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of children) child.send(where);
    await Promise.all(ends);
    console.log(`${PROCESSES} processes, ${TIMES} times each: counter = ${bucketMap.counter}`);
    console.log(`first comers: ${asMap(bucketMap).head("first") === undefined ? 0 : 1}`);
  });
} else {
  process.once("message", (/** @type {import("./open-bucket.js").Where} */ where) => {
    const map = new S3BucketMap(...where);
    // Stores nothing where somebody else was quicker.
    map.create("first", String(process.pid));
    for (let time = 0; time < TIMES; time += 1) {
      // Calls the function again where another process has changed the counter meanwhile.
      map.update("counter", (count = "0") => String(Number(count) + 1));
    }
    process.disconnect();
  });
}
