// Ten thousand values of 1 KB at 20 ms a round trip: copied within the service by copyAll, beside copy, and get and set, one
// by one; and how many bytes of values cross the wire meanwhile.
const { copyAll, S3BucketMap } = require("../dist/index.js");
const { localServer } = require("./support/servers.js");
const { median, printTable, spread } = require("./support/statistics.js");

const smoke = process.argv.includes("--smoke");
const count = smoke ? 20 : 10_000;
const rounds = smoke ? 1 : 3;
const oneByOne = smoke ? 5 : 50; // Of them, for what ten thousand take.
const delayMs = smoke ? 1 : 20;

async function run() {
  const server = await localServer(delayMs);
  const options = {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    forcePathStyle: true,
  };
  const source = new S3BucketMap(server.bucket, { ...options, prefix: "source/" });
  const target = new S3BucketMap(server.bucket, { ...options, prefix: "target/" });
  const both = new S3BucketMap(server.bucket, options);
  const keys = Array.from({ length: count }, (_, at) => `key ${String(at).padStart(5, "0")}`);
  source.setMany(keys.map((key) => [key, "x".repeat(1024)]));
  const few = keys.slice(0, oneByOne);
  const bytes = async () => Number(await (await fetch(`${server.endpoint}/.bytes`)).text());

  /** @type {Record<string, () => void>} */
  const contestants = {
    copyAll: () => void copyAll(source, target),
    "copy, one by one": () => few.forEach((key) => both.copy(`source/${key}`, `target/${key}`)),
    "get and set, one by one": () => few.forEach((key) => target.set(key, source.get(key) ?? "")),
  };
  /** @type {Record<string, number[]>} */
  const taken = {};
  /** @type {Record<string, number>} */
  const crossed = {};
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, work] of Object.entries(contestants)) {
      const before = await bytes();
      const start = performance.now();
      work();
      const ms = performance.now() - start;
      const scale = name === "copyAll" ? 1 : count / oneByOne;
      crossed[name] = ((await bytes()) - before) * scale;
      // The first round is for the connections.
      if (round >= 0) (taken[name] ??= []).push(ms * scale);
    }
  }
  const all = median(taken["copyAll"] ?? []);
  const rows = Object.entries(taken).map(([name, times]) => {
    const { middle, range } = spread(times, 0);
    return [name, middle, range, `${(median(times) / all).toFixed(1)} ×`, String(crossed[name])];
  });
  printTable(
    `${count} values of 1 KB copied, ${delayMs} ms a round trip, concurrency 64`,
    ["what", "ms", "middle half", "as long as copyAll", "bytes of values on the wire"],
    rows,
  );
  server.end();
}

run();
