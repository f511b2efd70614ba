// gateway-kills.js DIR [KILLS]: eight processes write and read the same keys through a Ceph gateway, which is
// killed with SIGKILL and started again meanwhile. DIR is that of .ci/ceph/up.sh; the environment says how to
// reach the gateway. Fails where an acknowledged write is lost, a value is torn, or an error is none of those
// that docs/errors.md lists.
const { fork, spawn } = require("node:child_process");
const { createHash, randomUUID } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { S3BucketMap, S3BucketMapError } = require("../dist/index.js");

const WRITERS = 8;
const documented =
  /^(NetworkError|TimedOut|ServiceUnavailable|SlowDown|InternalError|RequestTimeout|HTTP5\d\d)$/;

const [role, ...rest] = process.argv.slice(2);
if (role === "writer") writer(String(rest[0]), String(rest[1]));
else void main(String(role), Number(rest[0] ?? 5));

/** A value that shows whether it is whole. @param {string} writer @param {number} count */
function makeValue(writer, count) {
  const text = `${writer} ${count} ${"x".repeat((count * 7919) % 50_000)}`;
  return `${createHash("sha256").update(text).digest("hex")} ${text}`;
}

/** @param {string} value */
function isWhole(value) {
  return createHash("sha256").update(value.slice(65)).digest("hex") === value.slice(0, 64);
}

/** @param {string} name @param {string} prefix */
function writer(name, prefix) {
  const map = new S3BucketMap(String(process.env.S3BUCKETMAP_SPEC_BUCKET), { prefix, timeoutMs: 30_000 });
  /** What a key of this writer's own may hold: after an error, the new value or what was there. */
  const possible = new Map();
  const seen = {
    calls: 0,
    errors: /** @type {Record<string, number>} */ ({}),
    wrong: /** @type {string[]} */ ([]),
  };

  /** @template T @param {() => T} call @returns {{ value: T } | undefined} */
  const attempt = (call) => {
    seen.calls += 1;
    try {
      return { value: call() };
    } catch (error) {
      const code = error instanceof S3BucketMapError ? error.code : String(error);
      seen.errors[code] = (seen.errors[code] ?? 0) + 1;
      if (!documented.test(code)) seen.wrong.push(`not documented: ${String(error)}`);
      return undefined;
    }
  };

  let count = 0;
  const step = () => {
    count += 1;
    const value = makeValue(name, count);
    const own = `own ${name} ${count % 5}`;
    const shared = `shared ${count % 3}`;
    if (attempt(() => map.set(own, value))) possible.set(own, new Set([value]));
    else possible.set(own, new Set([...(possible.get(own) ?? [undefined]), value]));
    attempt(() => map.set(shared, value));
    for (const key of [own, shared]) {
      const got = attempt(() => map.get(key));
      if (got === undefined) continue;
      if (key === own && !possible.get(own).has(got.value)) seen.wrong.push(`${own} is not what was stored`);
      if (got.value !== undefined && !isWhole(got.value)) seen.wrong.push(`${key} is torn`);
    }
  };
  // Between two steps the parent's word to stop is heard.
  const timer = setInterval(step, 0);
  process.once("message", () => {
    clearInterval(timer);
    for (const [key, values] of possible) {
      const got = attempt(() => map.get(key));
      if (got === undefined || !values.has(got.value)) seen.wrong.push(`${key} is lost at the end`);
    }
    /** @type {any} */ (process).send(seen, () => process.disconnect());
  });
}

/** @param {string} dir @param {number} kills */
async function main(dir, kills) {
  const prefix = `gateway-kills/${randomUUID()}/`;
  const writers = Array.from({ length: WRITERS }, (_, i) => fork(__filename, ["writer", `w${i}`, prefix]));
  const reports = writers.map((child) => new Promise((resolve) => child.once("message", resolve)));
  for (let kill = 0; kill < kills; kill += 1) {
    await wait(2500);
    const pidFile = path.join(dir, "pid/rgw.pid");
    const pid = Number(fs.readFileSync(pidFile, "utf8").split(" ")[0]);
    process.kill(pid, "SIGKILL");
    await wait(500 + 700 * kill);
    const log = fs.openSync(path.join(dir, "log/rgw.out"), "a");
    const gateway = spawn("radosgw", ["-f", "-n", "client.rgw"], {
      env: { ...process.env, CEPH_CONF: path.join(dir, "ceph.conf") },
      detached: true,
      stdio: ["ignore", log, log],
    });
    gateway.unref();
    const started = fs.readFileSync(`/proc/${gateway.pid}/stat`, "utf8").replace(/.*\) /, "").split(" ")[19];
    fs.writeFileSync(pidFile, `${gateway.pid} ${started}\n`);
    await answers();
    console.log(`gateway killed and started again: ${kill + 1}`);
  }
  await wait(2500);
  for (const child of writers) child.send("stop");
  /** @type {any[]} */
  const seen = await Promise.all(reports);
  const calls = seen.reduce((sum, { calls }) => sum + calls, 0);
  /** @type {Record<string, number>} */
  const errors = {};
  for (const report of seen)
    for (const [code, n] of Object.entries(report.errors)) errors[code] = (errors[code] ?? 0) + Number(n);
  const wrong = seen.flatMap((report) => report.wrong);
  console.log(
    `${WRITERS} processes, ${kills} kills, ${calls} calls, errors ${JSON.stringify(errors)}, wrong: ${wrong.length}`,
  );
  for (const line of wrong.slice(0, 20)) console.log(line);
  new S3BucketMap(String(process.env.S3BUCKETMAP_SPEC_BUCKET), { prefix }).clear();
  if (wrong.length > 0 || calls === 0) process.exitCode = 1;
}

/** @param {number} ms */
function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function answers() {
  for (;;) {
    try {
      if ((await fetch(String(process.env.AWS_ENDPOINT_URL_S3))).ok) return;
    } catch {
      // Not yet.
    }
    await wait(100);
  }
}
