import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const library = JSON.stringify(path.join(__dirname, "../dist/index.js"));

function run(source: string, env: Record<string, string> = {}): unknown {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["-e", source], {
    encoding: "utf8",
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return JSON.parse(stdout);
}

describe("a map that is made and never used", () => {
  // How many milliseconds that leaves a script, bench/start.js tells.
  it("loads no SDK, starts no thread, opens no socket, and lets the program end", () => {
    const seen = run(`
      const { S3BucketMap, s3Bucket } = require(${library});
      globalThis.map = new S3BucketMap("bucket", { endpoint: "http://127.0.0.1:9" });
      globalThis.bucket = s3Bucket("s3://bucket/prefix/");
      console.log(JSON.stringify({
        modules: Object.keys(require.cache).filter((file) => file.includes("node_modules")),
        threads: process.report.getReport().workers.length,
        resources: process.getActiveResourcesInfo().filter((name) => !/TTY|Pipe/.test(name)),
      }));`);
    expect(seen).toEqual({ modules: [], threads: 0, resources: [] });
  });

  it("loads two files", () => {
    const seen = run(`
      const path = require("node:path");
      const dist = path.dirname(${library});
      const { S3BucketMap } = require(${library});
      new S3BucketMap("bucket");
      console.log(JSON.stringify(Object.keys(require.cache).map((file) => path.relative(dist, file))));`);
    expect(seen).toEqual(["index.js", "calling-thread.js"]);
  });

  it("makes no directory for the local S3", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-start-"));
    try {
      run(`require(${library}).s3Bucket("bucket"); console.log(0);`, {
        S3BUCKETMAP_LOCAL: path.join(folder, "s3"),
      });
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it("loads no module a second time for its layers, and with the prompt's hook", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-start-"));
  try {
    const seen = run(`
      const path = require("node:path");
      const dist = path.dirname(${library});
      require(path.join(dist, "prompt/hook.js"));
      const { json } = require(path.join(dist, "layers/index.js"));
      const { S3BucketMap, S3BucketMapError } = require(${library});
      const map = new S3BucketMap("bucket", { local: ${JSON.stringify(folder)} });
      map.set("key", "no JSON");
      try {
        json(map).get("key");
      } catch (error) {
        console.log(JSON.stringify(error instanceof S3BucketMapError));
      }`);
    expect(seen).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("shows no warning, in threads that load the SDK either", () => {
  const program = `
    const { S3BucketMap } = require(${library});
    const { Worker, isMainThread } = require("node:worker_threads");
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    const map = new S3BucketMap("bucket", { endpoint: "http://127.0.0.1:9", region: "us-east-1", credentials });
    console.log(map.url("key").startsWith("http://127.0.0.1:9/bucket/key?"));
    if (isMainThread) new Worker(process.argv[1]);`;
  const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-start-"));
  try {
    const file = path.join(folder, "program.js");
    writeFileSync(file, program);
    const { NODE_NO_WARNINGS: _, ...env } = process.env;
    const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8", env });
    expect({ stdout, stderr }).toEqual({ stdout: "true\ntrue\n", stderr: "" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
