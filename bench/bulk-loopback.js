// Values of 1 KB on loopback, where nothing but work takes time: read and written at once, beside raw node:http requests
// of the same bytes, unsigned and as many at a time.
const http = require("node:http");
const { asObject, batch, S3BucketMap } = require("../dist/index.js");
const { cannedServer } = require("./support/servers.js");
const { printTable, spread } = require("./support/statistics.js");

const smoke = process.argv.includes("--smoke");
const count = smoke ? 50 : 2000;
const rounds = smoke ? 1 : 15;
const concurrency = 64;

async function run() {
  const server = await cannedServer(0, 1024, count);
  const { hostname, port } = new URL(server.endpoint);
  const map = new S3BucketMap(server.bucket, {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    forcePathStyle: true,
    concurrency,
  });
  const bucket = asObject(map);
  const keys = Array.from({ length: count }, (_, at) => `key ${String(at).padStart(5, "0")}`);
  const value = "x".repeat(1024);
  const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });

  /** @param {string} method @param {string} key @param {string} [body] @returns {Promise<string>} */
  const raw = (method, key, body) =>
    new Promise((resolve, reject) => {
      const path = `/${server.bucket}/${encodeURIComponent(key)}`;
      const headers = body === undefined ? {} : { "content-length": body.length };
      const request = http.request({ agent, host: hostname, port, method, path, headers }, (response) => {
        /** @type {Buffer[]} */
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => resolve(Buffer.concat(chunks).toString()));
        response.on("error", reject);
      });
      request.on("error", reject);
      request.end(body);
    });
  /** @param {(key: string) => Promise<unknown>} each */
  const awaited = async (each) => {
    let next = 0;
    const work = async () => {
      for (let key = keys[next++]; key !== undefined; key = keys[next++]) await each(key);
    };
    await Promise.all(Array.from({ length: concurrency }, work));
  };

  /** @type {Record<string, () => unknown>} */
  const contestants = {
    "node:http, GET": () => awaited((key) => raw("GET", key)),
    getMany: () => map.getMany(keys),
    entries: () => [...map.entries()],
    "{...bucket}": () => ({ ...bucket }),
    "Object.entries": () => Object.entries(bucket),
    "node:http, PUT": () => awaited((key) => raw("PUT", key, value)),
    setMany: () => map.setMany(keys.map((key) => [key, value])),
    "batch, assignments": () =>
      batch(bucket, () => {
        for (const key of keys) bucket[key] = value;
      }),
  };
  /** @type {Record<string, number[]>} */
  const taken = {};
  for (let round = -3; round < rounds; round += 1) {
    for (const [name, work] of Object.entries(contestants)) {
      const start = performance.now();
      await work();
      // The first rounds are for the connections, and for V8.
      if (round >= 0) (taken[name] ??= []).push(performance.now() - start);
    }
  }
  const rows = Object.entries(taken).map(([name, times]) => {
    const reference = taken[/batch|set|PUT/.test(name) ? "node:http, PUT" : "node:http, GET"] ?? [];
    const each = spread(
      times.map((ms) => (count / ms) * 1000),
      0,
    );
    const ratio = spread(
      times.map((ms, at) => (reference[at] ?? NaN) / ms),
      2,
    );
    return [name, each.middle, each.range, ratio.middle, ratio.range];
  });
  printTable(
    `${count} values of 1 KB on loopback, concurrency ${concurrency}, ${rounds} rounds`,
    ["what", "values a second", "middle half", "× node:http", "middle half"],
    rows,
  );
  agent.destroy();
  server.end();
}

run();
