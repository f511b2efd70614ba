// @ts-check
// npm run soak [-- --short] [-- --calls N] [-- --seed N] [-- --read-ahead]
//
// Calls mixed at random over HTTP, with faults on 2 % of the requests: half of them with either wait. Every
// read must give a value that was right at some moment of the call, and every acknowledged write be there at
// the end; the process must not grow. Nobody else writes here, so that with --read-ahead (the option readAhead, off
// otherwise) no read may be older than that either.
//
// It is run with --min-semi-space-size=16: V8 else lets the young generation of the main thread grow to that size over the
// first 100,000 calls, which looks like a leak of 30 MB.
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { parseArgs } = require("node:util");
/** @type {any} */
const library = require("../dist/index.js");
const { asObject, S3BucketMap, S3BucketMapError } = /** @type {typeof import("../lib/index.js")} */ (library);
const { Oracle } = require("./soak/oracle.js");
const { startServer } = require("./soak/server.js");

const { values: given } = parseArgs({
  options: {
    short: { type: "boolean" },
    calls: { type: "string" },
    seed: { type: "string" },
    "read-ahead": { type: "boolean" },
  },
});
const calls = Number(given.calls ?? (given.short === true ? 2000 : 200_000));
const seed = Number(given.seed ?? 1);
const WARM_UP = 20_000;
const MAX_GROWTH_MB = 20;
const keys = Array.from({ length: 150 }, (_, at) => `key ${at}/ü`).sort();
// Those that docs/errors.md lists. Anything else is a violation.
const codes =
  /^(AccessDenied|BadAnswer|BadListing|ChecksumMismatch|ExpiredToken|HTTP403|HTTP50[02]|InternalError|NetworkError|SlowDown|TimedOut)$/;

let state = seed;
/** mulberry32 */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
/** @template T @param {readonly T[]} of @returns {T} */
const oneOf = (of) => /** @type {T} */ (of[Math.floor(random() * of.length)]);

const oracle = new Oracle();
/** @type {Record<string, number>} */
const errors = {};
/** @type {Record<string, number>} */
const done = {};
let nested = 0;
let depth = 0;

/** @typedef {{ map: import("../lib/index.js").S3BucketMap, object: Record<string, string> }} Views */

/** @type {Record<string, (key: string, views: Views) => void>} One through the map and one through the object each. */
const operations = {
  get: (key, { map, object }) =>
    oracle.read([key], () => (random() < 0.5 ? map.get(key) : object[key]), got(key)),
  has: (key, { map, object }) =>
    oracle.read(
      [key],
      () => (random() < 0.5 ? map.has(key) : key in object),
      (there, seen) => isThere(key, there, seen),
    ),
  set(key, { map, object }) {
    const value = `${key} ${oracle.seq} `.padEnd(random() < 0.01 ? 100_000 : random() * 1000, "x");
    oracle.write(key, value, () => {
      if (random() < 0.5) map.set(key, value);
      else object[key] = value;
    });
  },
  delete: (key, { map, object }) =>
    oracle.write(key, undefined, () => void (random() < 0.5 ? map.delete(key) : delete object[key])),
  keys: (_key, { map, object }) =>
    oracle.read(
      keys,
      () => new Set(random() < 0.5 ? map.keys() : Object.keys(object)),
      (listed, seen) => {
        const wrong = keys.map((key) => isThere(key, listed.has(key), seen)).filter(Boolean);
        return wrong.length === 0 ? undefined : `listed: ${wrong.join("; ")}`;
      },
    ),
  entries: (_key, { map, object }) =>
    oracle.read(
      keys,
      () => new Map(random() < 0.5 ? map.entries() : Object.entries(object)),
      (entries, seen) => {
        const wrong = keys.map((key) => got(key)(entries.get(key), seen)).filter(Boolean);
        return wrong.length === 0 ? undefined : `entries: ${wrong.join("; ")}`;
      },
    ),
};
const mix = ["get", "get", "get", "get", "has", "has", "set", "set", "set", "set", "delete"];

/** @param {string} key */
function got(key) {
  return (/** @type {string | undefined} */ value, /** @type {(key: string) => Set<any>} */ seen) =>
    seen(key).has(value) ? undefined : `${key} was read as ${JSON.stringify(value?.slice(0, 40))}`;
}

/** @param {string} key @param {boolean} there @param {(key: string) => Set<any>} seen */
function isThere(key, there, seen) {
  const may = [...seen(key)].some((value) => (value !== undefined) === there);
  return may ? undefined : `${key} was ${there ? "" : "not "}found`;
}

/** @param {Views} views @param {boolean} nests */
function call(views, nests) {
  const rare = random();
  const name = rare < 0.02 ? "keys" : rare < 0.022 ? "entries" : oneOf(mix);
  done[name] = (done[name] ?? 0) + 1;
  // With the `deasync` wait it comes in the middle of the call.
  const inside = nests && depth < 5 && random() < 0.1 ? setImmediate(() => call(views, true)) : undefined;
  if (depth > 0) nested += 1;
  depth += 1;
  try {
    /** @type {any} */ (operations)[name](oneOf(keys), views);
  } catch (error) {
    const code = error instanceof S3BucketMapError ? error.code : String(error);
    errors[code] = (errors[code] ?? 0) + 1;
    if (!codes.test(code)) oracle.violations.push(`${name} ended with ${code}: ${String(error)}`);
  }
  depth -= 1;
  clearImmediate(inside);
}

const rssMb = () => process.memoryUsage().rss / 2 ** 20;

async function main() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "s3bucketmap-soak-"));
  const server = await startServer(directory);
  /** @param {"atomics" | "deasync"} wait */
  const viewsOf = (wait) => {
    const map = new S3BucketMap("bucket", {
      endpoint: server.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "soak", secretAccessKey: "secret" },
      wait,
      timeoutMs: 2000,
      // What another writes is to be seen at once.
      readAhead: given["read-ahead"] === true,
    });
    return { map, object: /** @type {Record<string, string>} */ (asObject(map)) };
  };
  const views = { atomics: viewsOf("atomics"), deasync: viewsOf("deasync") };
  await server.addFaults(0.02, seed);
  let requests = 0;
  // A log is large, and would be seen in the memory: one in ten is looked at.
  const sampled = { requests: 0, faulted: 0 };
  const count = async (/** @type {boolean} */ sample) => {
    if (sample) {
      const log = await server.faultedInLog();
      sampled.requests += log.requests;
      sampled.faulted += log.faulted;
    }
    requests += await server.takeCounts();
  };

  const started = Date.now();
  /** @type {{ made: number, mb: number }[]} */
  const samples = [];
  const warmUp = Math.min(WARM_UP, Math.floor(calls / 10));
  for (let made = 0; made < calls; made += 1) {
    // Both are warm before the growth is measured.
    const wait =
      made < warmUp ? (made % 2 === 0 ? "atomics" : "deasync") : made < calls / 2 ? "atomics" : "deasync";
    call(views[wait], wait === "deasync");
    if (made % 500 !== 499) continue;
    await count(made % 5000 === 499);
    const mb = rssMb();
    samples.push({ made, mb });
    if (made % 20_000 === 19_999)
      console.log(
        `${made + 1} calls, ${((Date.now() - started) / 1000).toFixed(0)} s, RSS ${mb.toFixed(1)} MB`,
      );
  }
  const seconds = (Date.now() - started) / 1000;
  // Between two collections of the worker's garbage RSS goes up and down by 40 MB, whatever is alive: what it
  // comes back to must not grow.
  const between = (/** @type {number} */ end) =>
    samples.filter(({ made }) => made >= end - WARM_UP / 2 && made < end).map(({ mb }) => mb);
  const warmMb = between(WARM_UP);
  const lastMb = between(calls);
  const grownMb = Math.min(...lastMb) - Math.min(...warmMb);

  await count(false);
  await server.clearFaults();
  const { map } = viewsOf("atomics");
  const there = new Set(map.keys());
  for (const key of keys) {
    oracle.read([key], () => map.get(key), got(key));
    oracle.read(
      [key],
      () => there.has(key),
      (listed, seen) => isThere(key, listed, seen),
    );
  }
  if (calls >= 2 * WARM_UP && grownMb > MAX_GROWTH_MB)
    oracle.violations.push(`RSS grew by ${grownMb.toFixed(1)} MB`);
  server.stop();
  fs.rmSync(directory, { recursive: true });

  const share = ((100 * sampled.faulted) / sampled.requests).toFixed(1);
  console.log(
    `seed ${seed}${given["read-ahead"] === true ? ", reading ahead" : ""}: ${calls} calls (and ${nested} inside others) in ${seconds.toFixed(0)} s, ${requests} requests, ${share} % with a fault`,
  );
  console.log("calls:", JSON.stringify(done));
  console.log("errors:", JSON.stringify(errors));
  const range = (/** @type {number[]} */ mb) =>
    `${Math.min(...mb).toFixed(1)} to ${Math.max(...mb).toFixed(1)} MB`;
  if (calls >= 2 * WARM_UP) {
    console.log(
      `RSS: ${range(warmMb)} from call ${WARM_UP / 2} to ${WARM_UP}, ${range(lastMb)} in the last ${WARM_UP / 2}, ` +
        `${range(samples.filter(({ made }) => made >= WARM_UP).map(({ mb }) => mb))} after the first ${WARM_UP}`,
    );
  }
  console.log(`violations: ${oracle.violations.length}`);
  for (const violation of oracle.violations.slice(0, 20)) console.log(`  ${violation}`);
  process.exitCode = oracle.violations.length === 0 ? 0 : 1;
}

void main();
