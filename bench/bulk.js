// A thousand values of 1 KB at 20 ms a round trip: read and written at once, one by one, and by the SDK awaited.
const { GetObjectCommand, PutObjectCommand, S3Client } = require("@aws-sdk/client-s3");
const { asObject, batch, S3BucketMap } = require("../dist/index.js");
const { localServer } = require("./support/servers.js");
const { median, printTable, spread } = require("./support/statistics.js");

const smoke = process.argv.includes("--smoke");
const count = smoke ? 20 : 1000;
const rounds = smoke ? 1 : 5;
const oneByOne = smoke ? 5 : 50; // Of them, for what a thousand take.
const concurrency = 64;
const delayMs = smoke ? 1 : 20;

async function run() {
  const server = await localServer(delayMs);
  const reach = {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    forcePathStyle: true,
  };
  const map = new S3BucketMap(server.bucket, { ...reach, prefix: "bulk/", concurrency });
  const slow = new S3BucketMap(server.bucket, { ...reach, prefix: "bulk/", readAhead: false });
  const bucket = asObject(map);
  const keys = Array.from({ length: count }, (_, at) => `key ${String(at).padStart(5, "0")}`);
  const value = "x".repeat(1024);
  const client = new S3Client({
    ...reach,
    requestHandler: {
      httpsAgent: { maxSockets: concurrency },
      httpAgent: { keepAlive: true, maxSockets: concurrency },
    },
  });

  /** @param {(key: string) => Promise<unknown>} each */
  const awaited = async (each) => {
    let next = 0;
    const work = async () => {
      for (let key = keys[next++]; key !== undefined; key = keys[next++]) await each(key);
    };
    await Promise.all(Array.from({ length: concurrency }, work));
  };
  const input = (/** @type {string} */ key) => ({ Bucket: server.bucket, Key: `bulk/${key}` });

  /** @type {Record<string, () => unknown>} */
  const contestants = {
    "batch, assignments": () =>
      batch(bucket, () => {
        for (const key of keys) bucket[key] = value;
      }),
    setMany: () => map.setMany(keys.map((key) => [key, value])),
    "SDK awaited, PUT": () =>
      awaited((key) => client.send(new PutObjectCommand({ ...input(key), Body: value }))),
    "{...bucket}": () => ({ ...bucket }),
    "Object.entries": () => Object.entries(bucket),
    "JSON.stringify": () => JSON.stringify(bucket),
    getMany: () => map.getMany(keys),
    "SDK awaited, GET": () =>
      awaited(async (key) => (await client.send(new GetObjectCommand(input(key)))).Body?.transformToString()),
    "one by one, GET": () => keys.slice(0, oneByOne).forEach((key) => slow.get(key)),
    "one by one, PUT": () => keys.slice(0, oneByOne).forEach((key) => slow.set(key, value)),
  };
  /** @type {Record<string, number[]>} */
  const taken = {};
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, work] of Object.entries(contestants)) {
      const start = performance.now();
      await work();
      const ms = performance.now() - start;
      // The first round is for the connections, and fills the bucket.
      if (round >= 0) (taken[name] ??= []).push(name.startsWith("one by one") ? (ms * count) / oneByOne : ms);
    }
  }
  const of = (/** @type {string} */ name) => median(taken[name] ?? []);
  const rows = Object.entries(taken).map(([name, times]) => {
    const writes = /batch|set|PUT/.test(name);
    const ratio = (/** @type {string} */ other) =>
      `${(of(`${other}, ${writes ? "PUT" : "GET"}`) / median(times)).toFixed(2)} ×`;
    const { middle, range } = spread(times, 0);
    return [name, middle, range, ratio("one by one"), ratio("SDK awaited")];
  });
  printTable(
    `${count} values of 1 KB, ${delayMs} ms a round trip, concurrency ${concurrency}`,
    ["what", "ms", "middle half", "faster than one by one", "than the SDK awaited"],
    rows,
  );
  client.destroy();
  server.end();
}

run();
