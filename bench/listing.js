// Object.keys of a big bucket, beside the SDK's paginator, which asks for one page after the other.
const { isDeepStrictEqual } = require("node:util");
const { paginateListObjectsV2, S3Client } = require("@aws-sdk/client-s3");
const { s3Bucket } = require("../dist/index.js");
const { shapes } = require("../spec/support/key-shapes.js");
const { listingServer } = require("./support/servers.js");
const { median, printTable, spread } = require("./support/statistics.js");

const smoke = process.argv.includes("--smoke");
const count = smoke ? 12_000 : 100_000;
const rounds = smoke ? 1 : 5;
const delayMs = smoke ? 0 : 20;
const credentials = { accessKeyId: "bench", secretAccessKey: "bench" };

/** @param {import("./support/servers.js").Server} server */
async function requestsOf(server) {
  return Number(await (await fetch(`${server.endpoint}/requests`)).text());
}

async function run() {
  const rows = [];
  const only = process.argv.find((arg) => arg.startsWith("--only="))?.slice("--only=".length);
  for (const shape of shapes.filter((name) => only === undefined || name === only)) {
    const server = await listingServer(delayMs, count, shape);
    const { endpoint, bucket } = server;
    const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
    const listings = {
      "the SDK": async () => {
        const keys = [];
        for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, EncodingType: "url" }))
          for (const { Key = "" } of page.Contents ?? []) keys.push(decodeURIComponent(Key));
        return keys;
      },
      "Object.keys": () => Object.keys(s3Bucket(bucket, { endpoint, credentials, region: "us-east-1" })),
    };
    /** @type {Record<string, number[]>} */
    const times = {};
    /** @type {Record<string, number>} */
    const requests = {};
    /** @type {string[] | undefined} */
    let expected;
    for (let round = 0; round <= rounds; round += 1) {
      for (const [name, list] of Object.entries(listings)) {
        const before = await requestsOf(server);
        const started = performance.now();
        const keys = await list();
        const took = performance.now() - started;
        expected ??= keys;
        if (keys.length !== count || !isDeepStrictEqual(keys, expected))
          throw new Error(`${name}: other keys`);
        // The first round is to warm up.
        if (round > 0) (times[name] ??= []).push(took);
        requests[name] = (await requestsOf(server)) - before;
      }
    }
    const base = median(times["the SDK"] ?? []);
    for (const [name, all] of Object.entries(times)) {
      const { middle, range } = spread(all, 0);
      rows.push([shape, name, middle, range, `${(base / median(all)).toFixed(1)} ×`, String(requests[name])]);
    }
    client.destroy();
    server.end();
  }
  printTable(
    `${count} keys, ${delayMs} ms a page`,
    ["keys", "", "ms", "middle half", "speed", "requests"],
    rows,
  );
  const most = Math.floor(1.3 * Math.ceil(count / 1000)) + 10;
  console.log(`\nAt most ${most} requests are promised.`);
}

run();
