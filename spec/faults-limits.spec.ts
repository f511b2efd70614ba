import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type * as library from "../lib/index.js";
import { startSilentServer } from "./support/silent-server.js";

// The limits of a try, in a copy of the library that has them lower; the call's own deadline is far.
jest.setTimeout(60_000);

const root = path.join(__dirname, "..");
const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-limits-"));
afterAll(() => rmSync(folder, { recursive: true }));

function withLimits(connectMs: number, idleMs: number, tries: number): typeof library {
  const copy = path.join(folder, `${connectMs}-${idleMs}-${tries}`);
  cpSync(path.join(root, "dist"), path.join(copy, "dist"), { recursive: true });
  symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
  const file = path.join(copy, "dist/worker.js");
  const source = readFileSync(file, "utf8");
  const patched = source
    .replace(/connectMs: 5_?000/, `connectMs: ${connectMs}`)
    .replace(/idleMs: 20_?000/, `idleMs: ${idleMs}`)
    .replace(/tries: 3/, `tries: ${tries}`);
  expect(patched.split("\n").filter((line, at) => line !== source.split("\n")[at])).toHaveLength(3);
  writeFileSync(file, patched);
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a path that is only known now
  return require(path.join(copy, "dist/index.js")) as typeof library;
}

let quick: typeof library;
beforeAll(() => {
  quick = withLimits(1500, 1000, 2);
});

function mapAt({ S3BucketMap }: typeof library, port: number): library.S3BucketMap {
  return new S3BucketMap("bucket", {
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    timeoutMs: 50_000,
  });
}

function failure(run: () => unknown): library.S3BucketMapError {
  try {
    run();
  } catch (error) {
    return error as library.S3BucketMapError;
  }
  throw new Error("nothing was thrown");
}

describe("the limit of a silent connection", () => {
  it.each<[string, string, (map: library.S3BucketMap) => unknown, boolean]>([
    ["that says nothing, in get", "deaf", (map) => map.get("k"), false],
    ["that says nothing, in has", "deaf", (map) => map.has("k"), false],
    ["that says nothing, in keys", "deaf", (map) => [...map.keys()], false],
    ["that says nothing, in set", "deaf", (map) => map.set("k", "v"), true],
    ["that says nothing, in a large set", "deaf", (map) => map.set("k", Buffer.alloc(12 << 20)), true],
    ["that reads no more of a large set", "sated", (map) => map.set("k", Buffer.alloc(12 << 20)), true],
    // Its parts have not begun.
    ["that says nothing, in a set of parts", "deaf", (map) => map.set("k", Buffer.alloc(20 << 20)), false],
    ["that stops in the middle of a body", "stops", (map) => map.get("k"), false],
  ])("ends each try at a server %s", async (_what, kind, run, mayHaveBeenApplied) => {
    const server = await startSilentServer(kind);
    const error = failure(() => run(mapAt(quick, server.port)));
    server.stop();
    expect(error).toMatchObject({ code: "NetworkError", attempts: 2 });
    expect(error.message).toContain("1000 ms of inactivity");
    expect(error.message.includes("may still have happened")).toBe(mayHaveBeenApplied);
  });

  it("holds from 6 s on, too, where the SDK only looks after the first 3 s", async () => {
    const server = await startSilentServer("stops");
    const error = failure(() => mapAt(withLimits(1500, 6000, 1), server.port).get("k"));
    server.stop();
    expect(error).toMatchObject({ code: "NetworkError", attempts: 1 });
    expect(error.message).toContain("6000 ms of inactivity");
  });
});

describe("the limit of a connection that does not come to stand", () => {
  it("ends each try, and no write can have happened", async () => {
    const server = await startSilentServer("full");
    const error = failure(() => mapAt(quick, server.port).set("k", "v"));
    server.stop();
    expect(error).toMatchObject({ code: "NetworkError", attempts: 2 });
    expect(error.message).toContain("within the configured timeout of 1500 ms");
    expect(error.message).not.toContain("may still have happened");
  });
});
