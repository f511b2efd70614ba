// What a script costs from its start to its end: one that only imports the library, one that makes a map and does not use
// it, and one that reads a first value. They take turns, so that what else the machine does falls on all of them.
const { spawnSync } = require("node:child_process");
const path = require("node:path");
const { cannedServer } = require("./support/servers.js");
const { median, printTable, spread } = require("./support/statistics.js");

const rounds = process.argv.includes("--smoke") ? 1 : 40;
const library = JSON.stringify(path.join(__dirname, "../dist/index.js"));
const sdk = JSON.stringify(require.resolve("@aws-sdk/client-s3"));

// Node 20 reads these at each start, which takes twice as long as all else that a bare node does, and would hide the rest.
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

/** @type {(endpoint: string, bucket: string) => Record<string, { source: string, beside: string, env?: object }>} */
function scripts(endpoint, bucket) {
  const where = `endpoint: ${JSON.stringify(endpoint)}, region: "us-east-1", forcePathStyle: true`;
  const options = `{ ${where}, credentials: { accessKeyId: "test", secretAccessKey: "testtest" } }`;
  const name = JSON.stringify(bucket);
  const bare = "bare node";
  const awaited = "a first value, the SDK awaited";
  const first = `const { S3BucketMap } = require(${library});
        process.exit(new S3BucketMap(${name}, ${options}).get("k").length === 1024 ? 0 : 1);`;
  return {
    [bare]: { source: "0", beside: bare },
    "the import alone": { source: `require(${library});`, beside: bare },
    "a map, never used": {
      source: `globalThis.map = new (require(${library}).S3BucketMap)(${name}, ${options});`,
      beside: bare,
    },
    [awaited]: {
      source: `const { S3Client, GetObjectCommand } = require(${sdk});
        new S3Client(${options}).send(new GetObjectCommand({ Bucket: ${name}, Key: "k" }))
          .then(({ Body }) => Body.transformToString()).then((value) => process.exit(value.length === 1024 ? 0 : 1));`,
      beside: awaited,
    },
    "a first value, s3bucketmap": { source: first, beside: awaited },
    // As where credentials must be fetched: a variable of which only the SDK knows what it means has it make the request.
    "… where it needs the SDK": { source: first, beside: awaited, env: { AWS_RETRY_MODE: "standard" } },
  };
}

async function run() {
  const server = await cannedServer();
  const all = scripts(server.endpoint, server.bucket);
  /** @type {Record<string, number[]>} */
  const times = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, { source, env: more }] of Object.entries(all)) {
      const started = process.hrtime.bigint();
      const { status } = spawnSync(process.execPath, ["-e", source], { env: { ...env, ...more } });
      if (status !== 0) throw new Error(`${name} ended with ${status}`);
      (times[name] ??= []).push(Number(process.hrtime.bigint() - started) / 1e6);
    }
  }
  server.end();
  const rows = Object.entries(all).map(([name, { beside }]) => {
    const own = times[name] ?? [];
    const others = times[beside] ?? [];
    const ms = spread(own, 1);
    const ratio = spread(own.map((time, round) => time / (others[round] ?? NaN)));
    const more = (median(own) - median(others)).toFixed(1);
    return [name, ms.middle, ms.range, beside, ratio.middle, ratio.range, more];
  });
  printTable(
    `a whole process, ${rounds} rounds`,
    ["script", "ms", "middle half", "beside", "×", "middle half", "ms more"],
    rows,
  );
}

run();
