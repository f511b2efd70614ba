// Iterating very many keys by keys(): what memory it takes, and when the first key is there.
const { S3BucketMap } = require("../dist/index.js");
const { listingServer } = require("./support/servers.js");

const smoke = process.argv.includes("--smoke");
const count = smoke ? 5_000 : 1_000_000;

async function run() {
  const server = await listingServer(0, count);
  const { endpoint, bucket } = server;
  const credentials = { accessKeyId: "bench", secretAccessKey: "bench" };
  const map = new S3BucketMap(bucket, { endpoint, credentials, region: "us-east-1" });
  map.keys().next(); // The worker has started.
  const started = performance.now();
  let first = 0;
  let seen = 0;
  /** @type {number[]} */
  const rss = [];
  for (const key of map.keys()) {
    if (seen === 0) first = performance.now() - started;
    if (key === "") throw new Error("an empty key");
    seen += 1;
    // The first tenth is for the heaps of both threads to grow to their size.
    if (seen % (count / 100) === 0 && seen > count / 10) rss.push(process.memoryUsage.rss() / 2 ** 20);
  }
  if (seen !== count) throw new Error(`${seen} of ${count} keys`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const [after, least, most] = [rss[0] ?? NaN, Math.min(...rss), Math.max(...rss)].map((mb) => mb.toFixed(0));
  console.log(`\n### ${count} keys by keys()\n`);
  console.log(
    `${seconds} s, the first key after ${first.toFixed(1)} ms; RSS after a tenth ${after} MB, then ${least} to ${most} MB.`,
  );
  server.end();
}

run();
