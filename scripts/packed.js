// What the checks of the packed package share: packing it, installing it as a user does, running programs
// there, an S3 behind HTTP, and the list of what passed.
const { spawn, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { MessageChannel, Worker } = require("node:worker_threads");

const root = path.join(__dirname, "..");

// npm tells the scripts it runs about the project they belong to; an npm in another folder must not hear of it.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|command|config_local_prefix)|^INIT_CWD$/.test(name),
  ),
);

/** @param {string[]} args @param {string} cwd */
function npm(args, cwd) {
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd, env: environment, encoding: "utf8" });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed in ${cwd}:\n${stdout}${stderr}`);
  return stdout;
}

/** Builds and packs the package into a folder. @param {string} folder */
exports.pack = function pack(folder) {
  const [packed] = JSON.parse(npm(["pack", root, "--json", "--pack-destination", folder], root));
  return {
    tarball: path.join(folder, packed.filename),
    /** @type {string[]} */
    files: packed.files.map((/** @type {{ path: string }} */ file) => file.path),
    /** @type {number} */
    size: packed.size,
    /** @type {number} */
    unpackedSize: packed.unpackedSize,
  };
};

/** Installs packages into a folder, which is made a project of its own. @param {string} folder @param {string[]} args */
exports.install = function install(folder, ...args) {
  fs.mkdirSync(folder, { recursive: true });
  const manifest = path.join(folder, "package.json");
  if (!fs.existsSync(manifest)) fs.writeFileSync(manifest, '{ "private": true }\n');
  npm(["install", "--no-audit", "--no-fund", "--prefer-offline", ...args], folder);
};

/**
 * Runs a program, without blocking this one, which may be serving it.
 *
 * @param {string[]} command @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [how]
 * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string, timedOut: boolean }>}
 */
exports.run = function run([program = "", ...args], { cwd = root, env = {}, timeoutMs = 60_000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...environment, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr, timedOut] = ["", "", false];
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    const timer = setTimeout(() => (timedOut = child.kill("SIGKILL")), timeoutMs);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      globalThis.clearTimeout(timer);
      resolve({ code, signal, stdout, stderr, timedOut });
    });
  });
};

/**
 * The local S3 of this checkout behind HTTP on 127.0.0.1, by the server that the specs use.
 *
 * @param {string} directory where it keeps its data
 * @returns {Promise<{ endpoint: string, stop: () => Promise<unknown> }>}
 */
exports.serveS3 = function serveS3(directory) {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(path.join(root, "spec/support/http-s3-server.js"), {
    workerData: {
      options: { directory },
      handlerFile: path.join(root, "dist/local/handler.js"),
      port: port2,
      signal: new Int32Array(new SharedArrayBuffer(4)),
    },
    transferList: [port2],
  });
  const stop = () => {
    port1.close();
    return worker.terminate();
  };
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", ({ port }) => resolve({ endpoint: `http://127.0.0.1:${port}`, stop }));
  });
};

/** The names of the places that scripts/smoke/ knows, by the script that has them. */
exports.places = {
  "commonjs.cjs": [
    "at the top level",
    "after an await",
    "in a promise's callback",
    "in a timer",
    "in a worker thread",
    "in a long call",
  ],
  "module.mjs": [
    "at the top level",
    "after a top-level await",
    "after an await",
    "in a promise's callback",
    "in a timer",
  ],
};

/**
 * Runs a smoke script in a project where the package is installed. Rejects unless every place reported and
 * the program then ended by itself.
 *
 * @param {string} project @param {string[]} runtime @param {keyof typeof exports.places} script
 * @param {string} bucket @param {import("s3bucketmap").S3BucketOptions} options
 */
exports.smoke = async function smoke(project, runtime, script, bucket, options) {
  fs.cpSync(path.join(__dirname, "smoke"), path.join(project, "smoke"), { recursive: true });
  const expected = exports.places[script];
  const { code, signal, stdout, stderr, timedOut } = await exports.run(
    [...runtime, `smoke/${script}`, bucket, JSON.stringify(options), JSON.stringify(expected)],
    { cwd: project },
  );
  const missing = expected.filter((place) => !stdout.split("\n").includes(`ok ${place}`));
  if (code === 0 && missing.length === 0 && stderr === "") return;
  const end = timedOut ? "did not end" : `ended with ${signal ?? `exit code ${code}`}`;
  const lacks = missing.length === 0 ? "" : `; nothing from: ${missing.join(", ")}`;
  throw new Error(`${script} ${end}${lacks}\n${stderr}`.trim());
};

/** Runs checks one after the other, says how each went, and gives the process its exit code. */
exports.Checks = class Checks {
  /** @type {string[]} */
  #lines = [];
  #failed = 0;

  /** @param {string} name @param {() => unknown} check what it resolves with, if a string, is added to its line */
  async check(name, check) {
    process.stderr.write(`… ${name}\n`);
    try {
      const note = await check();
      this.#lines.push(`ok - ${name}${typeof note === "string" && note !== "" ? `: ${note}` : ""}`);
    } catch (error) {
      this.#failed += 1;
      const message = error instanceof Error ? error.message : String(error);
      this.#lines.push(`not ok - ${name}\n${message.replaceAll(/^/gm, "    ")}`);
    }
  }

  end() {
    for (const line of this.#lines) console.log(line);
    console.log(`checks: ${this.#lines.length - this.#failed} passed, ${this.#failed} failed`);
    process.exitCode = this.#failed === 0 ? 0 : 1;
  }
};
