import { spawnSync } from "node:child_process";
import path from "node:path";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

jest.setTimeout(300_000);

const library = JSON.stringify(path.join(__dirname, "../dist/index.js"));

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3({ process: true });
});
afterAll(() => server.close());

interface Grown {
  descriptors: number;
  megabytes: number;
}

/** How much a program has grown with its second `count` maps, each of them garbage after one call; it never yields. */
function grow(options: string, use: string, count: number): Grown {
  const program = `
    const fs = require("node:fs");
    const { S3BucketMap } = require(${library});
    const [endpoint] = process.argv.slice(1);
    const credentials = { accessKeyId: "a", secretAccessKey: "b" };
    const region = "us-east-1";
    let made = 0;
    function run(count) {
      for (const end = made + count; made < end; made += 1) {
        const map = new S3BucketMap(...(${options})(made));
        (${use})(map);
      }
      gc();
      return {
        descriptors: fs.readdirSync("/proc/self/fd").length,
        megabytes: process.memoryUsage().rss / 1e6,
      };
    }
    const before = run(${count});
    const after = run(${count});
    const grown = Object.keys(after).map((name) => [name, after[name] - before[name]]);
    console.log(JSON.stringify(Object.fromEntries(grown)));`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--expose-gc", "-e", program, server.endpoint],
    { encoding: "utf8", env: { ...process.env, NODE_NO_WARNINGS: "1" }, timeout: 280_000 },
  );
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return JSON.parse(stdout) as Grown;
}

// Memory and descriptors are counted in /proc.
const onLinux = process.platform === "linux" ? describe : describe.skip;
onLinux("maps that are garbage", () => {
  it.each([
    ["of distinct buckets", '(n) => ["bucket" + n, { endpoint, region, credentials }]'],
    [
      "with distinct credentials",
      '(n) => ["bucket", { endpoint, region, credentials: { ...credentials, accessKeyId: "a" + n } }]',
    ],
    [
      "of distinct environments",
      '(n) => ((process.env.AWS_REGION = "r" + n), ["bucket", { endpoint, credentials }])',
    ],
  ])("%s leave neither memory nor descriptors behind", (_name, options) => {
    const { descriptors, megabytes } = grow(options, '(map) => map.get("k")', 2000);
    expect(descriptors).toBeLessThan(10);
    // The worker's own garbage is collected when it pleases.
    expect(megabytes).toBeLessThan(30);
  });

  it("leave none behind where the SDK made their requests", () => {
    const { descriptors, megabytes } = grow(
      '(n) => ["bucket" + n, { endpoint, region, credentials }]',
      '(map) => map.deleteMany(["k"])',
      1000,
    );
    expect(descriptors).toBeLessThan(10);
    // A client that stayed would take 54 KB.
    expect(megabytes).toBeLessThan(35);
  });

  it("leave no directory of the local S3 open", () => {
    const { descriptors } = grow(
      '(n) => ["bucket", { local: require("node:path").join(require("node:os").tmpdir(), "s3bucketmap-many-" + process.pid, String(n % 150)) }]',
      '(map) => map.get("k")',
      150,
    );
    expect(descriptors).toBeLessThan(10);
  });
});
