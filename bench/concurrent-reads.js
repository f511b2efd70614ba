// A thousand values of 1 KB, with 20 ms added to each request: `getMany` beside the SDK awaited with as many requests
// at a time, beside the fsspec way (all at once, in one gather), and beside a loop of single reads.
const { S3Client, GetObjectCommand } = require("@aws-sdk/client-s3");
const path = require("node:path");
const { cannedServer } = require("./support/servers.js");
const { median, printTable, spread } = require("./support/statistics.js");

const smoke = process.argv.includes("--smoke");
const [rounds, count, single] = smoke ? [1, 20, 2] : [10, 1000, 20];
const concurrency = 64;
const { S3BucketMap } = require(path.join(__dirname, "../dist/index.js"));

async function run() {
  const { endpoint, bucket, end } = await cannedServer(20);
  const options = {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "testtest" },
    forcePathStyle: true,
  };
  const keys = Array.from({ length: count }, (_, at) => `key ${at}`);
  const map = new S3BucketMap(bucket, { ...options, concurrency });
  const client = new S3Client({ ...options, requestHandler: { httpAgent: { maxSockets: concurrency } } });
  const all = new S3Client({ ...options, requestHandler: { httpAgent: { maxSockets: count } } });
  /** @type {(client: S3Client, key: string) => Promise<unknown>} */
  const read = async (client, Key) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
    return Body?.transformToString();
  };
  /** @type {Record<string, () => unknown>} */
  const ways = {
    [`the SDK awaited, ${concurrency} at a time`]: async () => {
      const left = keys.values();
      const worker = async () => {
        for (const key of left) await read(client, key);
      };
      await Promise.all(Array.from({ length: concurrency }, worker));
    },
    [`getMany, ${concurrency} at a time`]: () => map.getMany(keys),
    "the SDK awaited, all at once": () => Promise.all(keys.map((key) => read(all, key))),
    "single reads, one after the other": () => keys.slice(0, single).forEach((key) => map.get(key)),
  };
  /** @type {Record<string, number[]>} */
  const times = {};
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, way] of Object.entries(ways)) {
      const started = performance.now();
      await way();
      const took = performance.now() - started;
      const perKey = took / (name.startsWith("single") ? single : count);
      if (round >= 0) (times[name] ??= []).push(1000 / perKey);
    }
  }
  end();
  const yardstick = Object.values(times)[0] ?? [];
  const rows = Object.entries(times).map(([name, rates]) => {
    const rate = spread(rates, 0);
    const ratio = spread(rates.map((own, round) => own / (yardstick[round] ?? NaN)));
    return [name, rate.middle, rate.range, ratio.middle, ratio.range];
  });
  printTable(
    `${count} values of 1 KB, 20 ms a round trip, ${rounds} rounds (median of the SDK: ${median(yardstick).toFixed(0)} a second)`,
    ["how", "values a second", "middle half", "× SDK", "middle half"],
    rows,
  );
  process.exit();
}

run();
