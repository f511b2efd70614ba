import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
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

  it("loads two files, and no module that is in them a second time", () => {
    const seen = run(`
      const path = require("node:path");
      const dist = path.dirname(${library});
      const { S3BucketMap, S3BucketMapError } = require(${library});
      new S3BucketMap("bucket");
      console.log(JSON.stringify({
        files: Object.keys(require.cache).map((file) => path.relative(dist, file)),
        isSame: require(path.join(dist, "errors/errors.js")).S3BucketMapError === S3BucketMapError,
      }));`);
    expect(seen).toEqual({ files: ["index.js", "calling-thread.js"], isSame: true });
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
