import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { asObject, S3BucketMap } from "../lib/index.js";
import type { S3BucketOptions } from "../lib/index.js";
import { fill, numberedKeys } from "./support/fill.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { inUtf8Order } from "./support/map-under-test.js";

// Keys listed, over several pages, while another process writes and deletes all over them.

let directory: string;
let server: HttpS3;
beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-meanwhile-"));
  server = await startHttpS3();
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

// The last one lists in parallel what comes after 10,000 keys.
const cases = [
  { where: "the local S3", count: 2500, turns: 20 },
  { where: "HTTP", count: 2500, turns: 20 },
  { where: "HTTP", count: 14_000, turns: 4 },
];
const passing = /^key \d{5} comes and goes$/;

const lists: [string, (map: S3BucketMap) => string[]][] = [
  ["map.keys()", (map) => [...map.keys()]],
  ["Object.keys", (map) => Object.keys(asObject(map))],
  [
    "for…in",
    (map) => {
      const seen: string[] = [];
      for (const key in asObject(map)) seen.push(key);
      return seen;
    },
  ],
];

describe.each(cases)("$count keys over $where", ({ where, count, turns }) => {
  const staying = numberedKeys(count);
  const bucket = `bucket-${count}`;
  it("every key that stays is listed, once and in order, and no key that never was", async () => {
    const options: S3BucketOptions =
      where === "HTTP"
        ? { endpoint: server.endpoint, credentials: { accessKeyId: "key", secretAccessKey: "secret" } }
        : { local: directory };
    await fill(where === "HTTP" ? server.directory : directory, bucket, "pages/", staying);
    const map = new S3BucketMap(bucket, options);
    const [pages, control] = [map.subMap("pages/"), map.subMap("control/")];
    const writer = promisify(execFile)(process.execPath, [
      path.join(__dirname, "fixtures/write-meanwhile.js"),
      bucket,
      JSON.stringify(options),
      String(count),
    ]);
    const seen = new Set<string>();
    try {
      for (const deadline = Date.now() + 30_000; !control.has("started");) {
        if (Date.now() > deadline) throw new Error("The other process did not begin.");
        await new Promise(setImmediate);
      }
      for (let turn = 0; turn < turns; turn += 1) {
        for (const [name, list] of lists) {
          const keys = list(pages);
          expect([name, new Set(keys).size]).toEqual([name, keys.length]);
          expect(keys).toEqual(inUtf8Order(keys));
          expect(keys.filter((key) => !passing.test(key))).toEqual(staying);
          for (const key of keys) if (passing.test(key)) seen.add(key);
        }
      }
    } finally {
      control.set("stop", "");
    }
    // The other process did write meanwhile, and was seen to.
    expect(Number((await writer).stdout)).toBeGreaterThan(100);
    expect(seen.size).toBeGreaterThan(10);
  }, 120_000);
});
