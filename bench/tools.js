// Whole processes, as a shell starts them: this library beside rclone, the AWS CLI and s3cmd, where they are installed. A
// thousand files of 1 KB at 20 ms a round trip, and one file of 1 GB, up and down. Each tool may send 64 requests at a time.
//
// --rounds=3 --mb=1000 --only=small: how often, how long the file is, and which of "small" and "big".
const { spawn, spawnSync } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { memoryServer } = require("./support/servers.js");
const { median, printTable, spread } = require("./support/statistics.js");

const smoke = process.argv.includes("--smoke");
const option = (/** @type {string} */ name) =>
  process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
const rounds = Number(option("rounds") ?? (smoke ? 1 : 5));
const megabytes = Number(option("mb") ?? (smoke ? 20 : 1000));
const only = option("only");
const count = smoke ? 20 : 1000;
const concurrency = 64;

const work = fs.mkdtempSync(path.join(os.tmpdir(), "s3bucketmap-tools-"));
const library = JSON.stringify(require.resolve("../dist/index.js"));
const beginning = `
const fs = require("node:fs"), path = require("node:path");
const { S3BucketMap } = require(${library});
const [bucket, what] = process.argv.slice(1);
const map = new S3BucketMap(bucket, { prefix: "files/", readAs: "bytes", forcePathStyle: true });
`;

/** @typedef {(bucket: string, place: string) => string[]} Command */
/** @typedef {Record<"upload all" | "download all" | "upload one" | "download one", Command>} Tool */

const node = (/** @type {string} */ script) =>
  /** @type {Command} */ ((bucket, place) => [process.execPath, "-e", beginning + script, bucket, place]);
const rclone = [
  "--transfers",
  String(concurrency),
  "--checkers",
  String(concurrency),
  "--s3-no-check-bucket",
];
const cli = ["--only-show-errors", "--no-progress"];

/** @type {Record<string, Tool>} */
const tools = {
  s3bucketmap: {
    "upload all": node(
      `map.setMany(fs.readdirSync(what).map((name) => [name, fs.readFileSync(path.join(what, name))]));`,
    ),
    "download all": node(
      `for (const [name, bytes] of map.entries()) fs.writeFileSync(path.join(what, name), bytes);`,
    ),
    "upload one": node(`map.putFile("big", what);`),
    "download one": node(`map.getFile("big", what);`),
  },
  rclone: {
    "upload all": (bucket, place) => ["rclone", "copy", place, `bench:${bucket}/files`, ...rclone],
    "download all": (bucket, place) => ["rclone", "copy", `bench:${bucket}/files`, place, ...rclone],
    "upload one": (bucket, place) => ["rclone", "copyto", place, `bench:${bucket}/files/big`, ...rclone],
    "download one": (bucket, place) => ["rclone", "copyto", `bench:${bucket}/files/big`, place, ...rclone],
  },
  "the AWS CLI": {
    "upload all": (bucket, place) => ["aws", "s3", "sync", place, `s3://${bucket}/files/`, ...cli],
    "download all": (bucket, place) => ["aws", "s3", "sync", `s3://${bucket}/files/`, place, ...cli],
    "upload one": (bucket, place) => ["aws", "s3", "cp", place, `s3://${bucket}/files/big`, ...cli],
    "download one": (bucket, place) => ["aws", "s3", "cp", `s3://${bucket}/files/big`, place, ...cli],
  },
  s3cmd: {
    "upload all": (bucket, place) => ["s3cmd", "sync", `${place}/`, `s3://${bucket}/files/`],
    "download all": (bucket, place) => ["s3cmd", "sync", `s3://${bucket}/files/`, `${place}/`],
    "upload one": (bucket, place) => ["s3cmd", "put", place, `s3://${bucket}/files/big`],
    "download one": (bucket, place) => ["s3cmd", "get", "--force", `s3://${bucket}/files/big`, place],
  },
};

/** Each tool's settings for the server. @param {string} endpoint */
function environmentFor(endpoint) {
  const { host } = new URL(endpoint);
  const config = path.join(work, "aws-config");
  fs.writeFileSync(
    config,
    `[default]\ns3 =\n  addressing_style = path\n  max_concurrent_requests = ${concurrency}\n`,
  );
  const home = path.join(work, "home");
  fs.mkdirSync(home, { recursive: true });
  fs.writeFileSync(
    path.join(home, ".s3cfg"),
    `[default]\naccess_key = bench\nsecret_key = bench\nhost_base = ${host}\nhost_bucket = ${host}\nuse_https = False\nprogress_meter = False\n`,
  );
  // Certificates are for other places: rclone refuses them, and Node 20 takes long to read them.
  const { AWS_CA_BUNDLE: _bundle, NODE_EXTRA_CA_CERTS: _certificates, ...env } = process.env;
  return {
    ...env,
    HOME: home,
    BENCH_CLI_CONFIG: config,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "bench",
    RCLONE_CONFIG: path.join(work, "rclone.conf"),
    RCLONE_CONFIG_BENCH_TYPE: "s3",
    RCLONE_CONFIG_BENCH_PROVIDER: "Other",
    RCLONE_CONFIG_BENCH_ENDPOINT: endpoint,
    RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: "bench",
    RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: "bench",
    RCLONE_CONFIG_BENCH_FORCE_PATH_STYLE: "true",
  };
}

/** @param {string[]} command @param {NodeJS.ProcessEnv} env */
async function time([file = "", ...args], env) {
  const started = performance.now();
  // The s3 section of a configuration is the AWS CLI's own. Versions before 2.13 do not read the endpoint's variables.
  const isCli = file === "aws";
  const own = isCli ? { ...env, AWS_CONFIG_FILE: env["BENCH_CLI_CONFIG"] } : env;
  const endpoint = isCli ? ["--endpoint-url", env["AWS_ENDPOINT_URL_S3"] ?? ""] : [];
  const child = spawn(file, [...endpoint, ...args], { env: own, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  let rss = 0;
  // The most memory so far, in KiB. Linux alone tells.
  const look = () => {
    try {
      const status = fs.readFileSync(`/proc/${child.pid}/status`, "utf8");
      rss = Math.max(rss, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended.
    }
  };
  const looking = setInterval(look, 20);
  const [code] = await once(child, "close");
  const ms = performance.now() - started;
  clearInterval(looking);
  if (code !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${code}: ${said}`);
  return { ms, rss: rss / 1024 };
}

/**
 * @param {string} title
 * @param {import("./support/servers.js").Server} server
 * @param {"all" | "one"} what
 * @param {() => string} makeSource
 * @param {(place: string) => void} check - throws unless all has arrived
 */
async function contest(title, server, what, makeSource, check) {
  const env = environmentFor(server.endpoint);
  const source = makeSource();
  /** @type {Record<string, { ms: number, rss: number }[]>} */
  const taken = {};
  const there = Object.entries(tools).filter(
    ([name, tool]) =>
      name === "s3bucketmap" ||
      spawnSync(tool["upload one"]("", "")[0] ?? "", ["--version"], { env }).status === 0,
  );
  for (const [name] of Object.entries(tools)) {
    if (!there.some(([present]) => present === name))
      console.log(`\n${name} did not take part: it is not installed.`);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, tool] of there) {
      // It sends one request after the other, and takes half a minute.
      if (name === "s3cmd" && what === "all" && round > 0) continue;
      const target = path.join(work, `target-${what}`);
      if (what === "all") fs.mkdirSync(target);
      const fresh = {
        ...server,
        bucket: `bench-${name.replaceAll(" ", "-").toLowerCase()}-${what}-${round}`,
      };
      (taken[`up, ${name}`] ??= []).push(await time(tool[`upload ${what}`](fresh.bucket, source), env));
      (taken[`down, ${name}`] ??= []).push(await time(tool[`download ${what}`](fresh.bucket, target), env));
      check(target);
      fs.rmSync(target, { recursive: true });
    }
  }
  server.end();
  const rows = Object.entries(taken).map(([name, all]) => {
    const times = all.map(({ ms }) => ms);
    const { middle, range } = spread(times, 0);
    const ours = taken[`${name.split(",")[0]}, s3bucketmap`] ?? [];
    const ratio = median(times) / median(ours.map(({ ms }) => ms));
    return [name, middle, range, `${ratio.toFixed(2)} ×`, median(all.map(({ rss }) => rss)).toFixed(0)];
  });
  rows.sort(([one = ""], [other = ""]) => (one.slice(0, 2) < other.slice(0, 2) ? 1 : -1));
  printTable(title, ["", "ms", "middle half", "as long as s3bucketmap", "MB of RSS, at most"], rows);
}

const smallName = (/** @type {number} */ at) => `file-${String(at).padStart(5, "0")}`;

async function run() {
  if (only !== "big") {
    await contest(
      `${count} files of 1 KB, 20 ms a round trip, ${rounds} rounds`,
      await memoryServer(smoke ? 1 : 20),
      "all",
      () => {
        const source = path.join(work, "source");
        fs.mkdirSync(source);
        for (let at = 0; at < count; at += 1)
          fs.writeFileSync(path.join(source, smallName(at)), smallName(at).padEnd(1024, "x"));
        return source;
      },
      (place) => {
        const found = fs.readdirSync(place);
        if (found.length !== count) throw new Error(`${found.length} files arrived`);
      },
    );
  }
  if (only !== "small") {
    await contest(
      `a file of ${megabytes} MB on loopback, ${rounds} rounds`,
      await memoryServer(),
      "one",
      () => {
        const source = path.join(work, "big-source");
        const piece = Buffer.alloc(1e6, "0123456789abcdef");
        const open = fs.openSync(source, "w");
        for (let at = 0; at < megabytes; at += 1) fs.writeSync(open, piece);
        fs.closeSync(open);
        return source;
      },
      (place) => {
        const { size } = fs.statSync(place);
        if (size !== megabytes * 1e6) throw new Error(`${size} bytes arrived`);
      },
    );
  }
}

void run().finally(() => fs.rmSync(work, { recursive: true, force: true }));
