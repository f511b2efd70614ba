import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3BucketMap } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// Downloads with a wrong checksum, without room, and without permission.

let server: HttpS3;
let folder: string;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), "s3bucketmap-files-faults-"));
  server.reset();
});
afterEach(() => {
  server.clearFaults();
  fs.rmSync(folder, { recursive: true });
});

const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
const value = "123456789";
const hash = (name: string): string => createHash(name).update(value).digest("base64");

describe.each(["atomics", "deasync"] as const)("a checksum of getFile(), wait: %s", (wait) => {
  // The check values of the algorithms' definitions, which are for "123456789".
  it.each([
    ["crc32", "y/Q5Jg=="],
    ["crc32c", "4waSgw=="],
    ["crc64nvme", "rosUhgp5mIg="],
    ["sha1", hash("sha1")],
    ["sha256", hash("sha256")],
  ])("%s is compared with the file", (algorithm, right) => {
    const map = new S3BucketMap("bucket", {
      endpoint: server.endpoint,
      region: "us-east-1",
      credentials,
      wait,
    });
    const file = path.join(folder, "file");
    const answer = (checksum: string): void =>
      server.fault({
        operation: "GetObject",
        times: Infinity,
        action: {
          status: 200,
          body: value,
          headers: { etag: '"an etag"', [`x-amz-checksum-${algorithm}`]: checksum },
        },
      });
    answer(right);
    expect(map.getFile("key", file)).toBe(true);
    expect(fs.readFileSync(file, "utf8")).toBe(value);
    expect(server.counts().total).toBe(1);
    server.clearFaults();
    server.reset();
    fs.writeFileSync(file, "old");
    const wrong = Buffer.from(right, "base64");
    wrong[0]! ^= 1;
    answer(wrong.toString("base64"));
    expect(() => map.getFile("key", file)).toThrow(expect.objectContaining({ code: "ChecksumMismatch" }));
    expect(server.counts().total).toBe(3);
    expect([fs.readFileSync(file, "utf8"), fs.readdirSync(folder)]).toEqual(["old", ["file"]]);
  });
});

/** Runs a script in a process of its own, with the map, and with what a shell does first. */
function run(wait: string, script: string, before = ""): { status: number | null; output: string } {
  const options = { endpoint: server.endpoint, region: "us-east-1", credentials, wait };
  const code = `
    const { S3BucketMap } = require(${JSON.stringify(path.join(__dirname, "../dist/index.js"))});
    const map = new S3BucketMap("bucket", ${JSON.stringify(options)});
    const folder = ${JSON.stringify(folder)};
    const said = (use) => { try { return use(); } catch (error) { return [error.code, error.cause?.code, error.message]; } };
    ${script}`;
  const shell = spawnSync("sh", ["-c", `${before} exec "$0" -e "$1"`, process.execPath, code], {
    encoding: "utf8",
  });
  return { status: shell.status, output: shell.stdout + shell.stderr };
}

// Limits, users and signals of processes are POSIX's.
const onPosix = process.platform === "win32" ? describe.skip : describe;

onPosix.each(["atomics", "deasync"])("a target of getFile() that cannot be written, wait: %s", (wait) => {
  beforeEach(() => {
    new S3BucketMap("bucket", { endpoint: server.endpoint, region: "us-east-1", credentials }).set(
      "key",
      "x".repeat(2 ** 20),
    );
    fs.writeFileSync(path.join(folder, "old"), "old");
  });

  it("leaves the old file and no other where there is no room for the new one", () => {
    // No file may be longer than 100 blocks, of 512 bytes or 1 KiB. It stands for a full disk.
    const { status, output } = run(
      wait,
      `console.log(JSON.stringify(said(() => map.getFile("key", folder + "/old"))));`,
      "ulimit -f 100;",
    );
    expect([status, output]).toEqual([
      0,
      expect.stringMatching(/^\["FileNotWritten","EFBIG",".*\(EFBIG\)/) as string,
    ]);
    expect(fs.readdirSync(folder)).toEqual(["old"]);
    expect(fs.readFileSync(path.join(folder, "old"), "utf8")).toBe("old");
  });

  it("says that there is no permission, and sends nothing", () => {
    fs.chmodSync(folder, 0o555);
    fs.chmodSync(path.join(folder, "old"), 0o444);
    server.reset();
    const { status, output } = run(
      wait,
      // To root, everything is permitted.
      `if (process.getuid() === 0) process.setuid(65534);
       for (const use of [
         () => map.getFile("key", folder + "/new"),
         () => map.getFile("key", folder + "/old"),
         () => map.putFile("other", "/etc/shadow"),
       ]) console.log(JSON.stringify(said(use)));`,
    );
    fs.chmodSync(folder, 0o755);
    const denied = (code: string): unknown =>
      expect.stringMatching(`^\\["${code}","EACCES",".*permission denied`);
    expect([status, ...output.trim().split("\n")]).toEqual([
      0,
      denied("FileNotWritten"),
      denied("FileNotWritten"),
      denied("FileNotRead"),
    ]);
    expect([server.counts().total, fs.readdirSync(folder)]).toEqual([0, ["old"]]);
  });

  it("says that a directory is no target", () => {
    const { output } = run(wait, `console.log(JSON.stringify(said(() => map.getFile("key", folder))));`);
    expect(output).toMatch(/^\["FileNotWritten",.*it is a directory, not an ordinary file/);
    expect(fs.readdirSync(folder)).toEqual(["old"]);
  });
});
