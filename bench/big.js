// A value of 100 MB: how fast it is stored and read, and what memory that takes at most, beside the SDK awaited. Each
// of them in a process of its own, which has the SDK loaded, and a small value stored, before; they take turns. Then the same from a server
// that is some way off, and gives each connection so much of its speed and no more, as services do.
//
// --mb=1000 --rounds=1 --only=set: another value, how often, and what.
const { spawnSync } = require("node:child_process");
const { localServer } = require("./support/servers.js");
const { median, printTable, spread } = require("./support/statistics.js");

const smoke = process.argv.includes("--smoke");
const option = (/** @type {string} */ name) =>
  process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
const megabytes = Number(option("mb") ?? (smoke ? 35 : 100));
const rounds = Number(option("rounds") ?? (smoke ? 1 : 11));
const speed = 50e6;

const library = JSON.stringify(require.resolve("../dist/index.js"));
const sdk = JSON.stringify(require.resolve("@aws-sdk/client-s3"));
const beginning = `
const [endpoint, Bucket, megabytes, kind] = process.argv.slice(1);
const reach = { endpoint, region: "us-east-1", credentials: { accessKeyId: "bench", secretAccessKey: "bench" } };
const bytes = kind === "set" ? Buffer.alloc(megabytes * 1e6, "0123456789abcdef") : undefined;
const say = (took, length) => {
  const rss = process.resourceUsage().maxRSS / 1024 - before;
  console.log(JSON.stringify({ took, length, rss }));
};
let before, started;
const start = () => { before = process.memoryUsage.rss() / 2 ** 20; started = performance.now(); };
`;
const scripts = {
  "the SDK": `${beginning}
const { GetObjectCommand, PutObjectCommand, S3Client } = require(${sdk});
(async () => {
  const client = new S3Client({ ...reach, forcePathStyle: true });
  await client.send(new PutObjectCommand({ Bucket, Key: "small", Body: "small" }));
  start();
  if (kind === "set") await client.send(new PutObjectCommand({ Bucket, Key: "big", Body: bytes }));
  const got = kind === "get" ? await (await client.send(new GetObjectCommand({ Bucket, Key: "big" }))).Body.transformToByteArray() : bytes;
  say(performance.now() - started, got.length);
  client.destroy();
})();`,
  "this library": `${beginning}
const { S3BucketMap } = require(${library});
const map = new S3BucketMap(Bucket, { ...reach, readAs: "bytes" });
map.set("small", "small");
map.deleteMany(["small"]); // Needs the SDK.
start();
if (kind === "set") map.set("big", bytes);
const got = kind === "get" ? map.get("big") : bytes;
say(performance.now() - started, got.length);`,
};

/**
 * @param {string} title
 * @param {import("./support/servers.js").Server} server
 * @param {string[]} kinds
 */
function contest(title, server, kinds) {
  /** @type {Record<string, { took: number, rss: number }[]>} */
  const results = {};
  const once = (/** @type {string} */ script, /** @type {string} */ kind) => {
    const args = ["-e", script, server.endpoint, server.bucket, String(megabytes), kind];
    const { stdout } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const result = JSON.parse(stdout);
    if (result.length !== megabytes * 1e6) throw new Error(`${title}: ${result.length} bytes`);
    return result;
  };
  if (!kinds.includes("set")) once(scripts["the SDK"], "set");
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of kinds) {
      for (const [name, script] of Object.entries(scripts)) {
        (results[`${kind} ${name}`] ??= []).push(once(script, kind));
      }
    }
  }
  server.end();
  const rows = Object.entries(results).map(([name, all]) => {
    const { middle, range } = spread(
      all.map(({ took }) => took),
      0,
    );
    const base = results[`${name.slice(0, 3)} the SDK`] ?? [];
    const ratio = median(base.map(({ took }) => took)) / median(all.map(({ took }) => took));
    const rss = median(all.map((one) => one.rss));
    return [name, middle, range, `${ratio.toFixed(2)} ×`, rss.toFixed(0)];
  });
  printTable(title, ["", "ms", "middle half", "throughput", "MB of RSS more, at most"], rows);
}

async function run() {
  const only = option("only");
  contest(
    `${megabytes} MB over the local S3`,
    await localServer(),
    only === undefined ? ["set", "get"] : [only],
  );
  if (only === "set") return;
  contest(
    `${megabytes} MB over the local S3, 20 ms and ${speed / 1e6} MB/s a connection`,
    await localServer(20, speed),
    ["get"],
  );
}

run();
