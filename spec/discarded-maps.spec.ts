import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const dist = path.join(__dirname, "../dist/index.js");

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-discarded-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

// Each turn's map is garbage before the next turn, and the worker thread is just being ended, or has been.
const program = `
  const { s3Bucket } = require(${JSON.stringify(dist)});
  function use(turn) {
    const bucket = s3Bucket("my-bucket", { local: process.argv[1] });
    bucket.testKey = "value " + turn;
    console.log(bucket.testKey);
  }
  async function main() {
    for (let turn = 0; turn < 5; turn += 1) {
      use(turn);
      for (let pause = 0; pause <= turn; pause += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        gc();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  main();
`;

describe("a map made when all the others are garbage", () => {
  it("is served", () => {
    const output = execFileSync(process.execPath, ["--expose-gc", "-e", program, directory], {
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(output).toBe(Array.from({ length: 5 }, (_, turn) => `value ${turn}\n`).join(""));
  }, 70_000);
});
