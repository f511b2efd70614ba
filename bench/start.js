// What a script costs from its start to its end: one that only imports the library, one that makes a map and does not use
// it, and one that reads a first value. They take turns, so that what else the machine does falls on all of them.
const { spawnSync } = require("node:child_process");
const path = require("node:path");
const { credentialSources } = require("./support/credential-sources.js");
const { cannedServer } = require("./support/servers.js");
const { median, printTable, spread } = require("./support/statistics.js");

const rounds = process.argv.includes("--smoke") ? 1 : 40;
const library = JSON.stringify(path.join(__dirname, "../dist/index.js"));
const sdk = JSON.stringify(require.resolve("@aws-sdk/client-s3"));

// Node 20 reads these at each start, which takes twice as long as all else that a bare node does, and would hide the rest.
const { NODE_EXTRA_CA_CERTS: _, ...variables } = process.env;
// What a developer has configured would send the requests elsewhere.
const env = Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith("AWS_")));

/** @typedef {{ source: string, beside: string, env?: Record<string, string> }} Script */

/**
 * @param {string} endpoint
 * @param {string} bucket
 * @param {Record<string, Record<string, string>>} environments - where credentials are not written down
 * @returns {Record<string, Script>}
 */
function scripts(endpoint, bucket, environments) {
  const place = `endpoint: ${JSON.stringify(endpoint)}, forcePathStyle: true`;
  const options = `{ ${place}, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "testtest" } }`;
  const name = JSON.stringify(bucket);
  const bySdk = (/** @type {string} */ given) => `const { S3Client, GetObjectCommand } = require(${sdk});
        new S3Client(${given}).send(new GetObjectCommand({ Bucket: ${name}, Key: "k" }))
          .then(({ Body }) => Body.transformToString()).then((value) => process.exit(value.length === 1024 ? 0 : 1));`;
  const byLibrary = (/** @type {string} */ given) => `const { S3BucketMap } = require(${library});
        process.exit(new S3BucketMap(${name}, ${given}).get("k").length === 1024 ? 0 : 1);`;
  const bare = "bare node";
  const awaited = "a first value, the SDK awaited";
  /** @type {Record<string, Script>} */
  const found = {
    [bare]: { source: "0", beside: bare },
    "the import alone": { source: `require(${library});`, beside: bare },
    "a map, never used": {
      source: `globalThis.map = new (require(${library}).S3BucketMap)(${name}, ${options});`,
      beside: bare,
    },
    [awaited]: { source: bySdk(options), beside: awaited },
    "a first value, s3bucketmap": { source: byLibrary(options), beside: awaited },
    // A variable of which only the SDK knows what it means has it make the request.
    "… where it needs the SDK": {
      source: byLibrary(options),
      beside: awaited,
      env: { AWS_RETRY_MODE: "standard" },
    },
  };
  for (const [where, given] of Object.entries(environments)) {
    const beside = `${where}, the SDK awaited`;
    found[beside] = { source: bySdk(`{ ${place} }`), beside, env: given };
    found[`${where}, s3bucketmap`] = { source: byLibrary(`{ ${place} }`), beside, env: given };
  }
  return found;
}

async function run() {
  const server = await cannedServer();
  const sources = await credentialSources();
  const all = scripts(server.endpoint, server.bucket, sources.environments);
  /** @type {Record<string, number[]>} */
  const times = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, { source, env: more }] of Object.entries(all)) {
      const started = process.hrtime.bigint();
      const { status, stderr } = spawnSync(process.execPath, ["-e", source], { env: { ...env, ...more } });
      if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
      (times[name] ??= []).push(Number(process.hrtime.bigint() - started) / 1e6);
    }
  }
  server.end();
  sources.end();
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
