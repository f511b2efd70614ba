import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { S3BucketMap } from "../../lib/index.js";
import { serviceMap } from "../support/service.js";

jest.setTimeout(120_000);

const MIB = 1024 ** 2;
const digest = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && `${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;

// No two parts are alike.
const big = Buffer.alloc(45_000_003);
for (let at = 0; at + 4 <= big.length; at += 4) big.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);

const reads = 8;

describe.each(["atomics", "deasync"] as const)("big values on a service (%s)", (wait) => {
  let map: S3BucketMap<"bytes">;
  let prefix: string;
  beforeEach(() => {
    prefix = `specs/${randomUUID()}/`;
    map = serviceMap({ wait, readAs: "bytes", prefix });
  });
  afterEach(() => {
    map.clear();
    map.close();
  });

  it("keeps a value that is uploaded in parts", () => {
    const value = big.subarray(0, 20 * MIB + 3);
    map.set("value", value, { contentType: "image/x", metadata: { name: "given" } });
    expect(digest(map.get("value"))).toBe(digest(value));
    expect(map.head("value")).toMatchObject({
      size: value.length,
      contentType: "image/x",
      metadata: { name: "given" },
    });
  });

  it("reads one back by ranges", () => {
    map.set("value", big);
    expect(digest(map.get("value"))).toBe(digest(big));
    // What is read first is read by the SDK.
    expect(digest(map.get("value"))).toBe(digest(big));
  });

  it("keeps a file, and writes it back", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-service-spec-"));
    try {
      const [source, target] = [path.join(folder, "source"), path.join(folder, "target")];
      for (const length of [0, 1000, 20 * MIB + 3, big.length]) {
        writeFileSync(source, big.subarray(0, length));
        map.putFile("file", source, { contentType: "image/x" });
        expect(digest(map.get("file"))).toBe(digest(big.subarray(0, length)));
        expect(map.head("file")).toMatchObject({ size: length, contentType: "image/x" });
        expect(map.getFile("file", target)).toBe(true);
        expect(digest(readFileSync(target))).toBe(digest(big.subarray(0, length)));
      }
      expect(map.getFile("missing", target)).toBe(false);
      expect(readdirSync(folder).sort()).toEqual(["source", "target"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("reads one version or the other while another process overwrites it", async () => {
    map.set("value", Buffer.alloc(40 * MIB, "a"));
    const file = path.join(__dirname, "../fixtures/overwrite.js");
    const args = [process.env["S3BUCKETMAP_SPEC_BUCKET"]!, JSON.stringify({ prefix }), String(40 * MIB)];
    const writer = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(writer, "exit");
    await once(writer.stdout, "data");
    const read = new Set<string>();
    for (let round = 0; round < reads; round += 1) {
      const bytes = map.get("value")!;
      const first = bytes.subarray(0, 1);
      expect(bytes.length).toBe(40 * MIB);
      expect(bytes.equals(Buffer.alloc(bytes.length, first))).toBe(true);
      read.add(first.toString());
    }
    map.set("stop", "");
    await ended;
    expect(read.size).toBeGreaterThan(1);
  });
});
