import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { inspect } from "node:util";
import { asMap, s3Bucket, S3BucketMap } from "../lib/index.js";
import { json } from "../lib/layers/index.js";

const program = path.join(__dirname, "fixtures/memory.js");

// A temporary directory of its own, to see what a program leaves behind.
let temporary: string;
beforeEach(() => {
  temporary = fs.mkdtempSync(path.join(os.tmpdir(), "s3bucketmap-memory-spec-"));
});
afterEach(() => fs.rmSync(temporary, { recursive: true }));

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, TMPDIR: temporary });

function run(...args: string[]): { printed: unknown[]; status: number | null; left: string[] } {
  const { stdout, status } = spawnSync(process.execPath, [program, ...args], { env: environment() });
  const printed = stdout
    .toString()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  return { printed, status, left: fs.readdirSync(temporary) };
}

describe.each(["atomics", "deasync"] as const)('local: ":memory:", wait: %s', (wait) => {
  const open = (local = ":memory:"): S3BucketMap => new S3BucketMap("bucket", { local, wait });

  it("is a bucket, whose sub-maps and layers share it", () => {
    const map = open();
    map.set("a/b", "1");
    map.subMap("a/").set("c", "2");
    json(map).set("d", 3);
    expect([...map]).toEqual([
      ["a/b", "1"],
      ["a/c", "2"],
      ["d", "3"],
    ]);
    expect(map.update("d", (value) => `${value}!`)).toBe("3!");
  });

  it("is a place of its own for each map", () => {
    const [one, other] = [open(), open()];
    one.set("key", "1");
    other.set("key", "2");
    one.delete("key");
    expect([one.get("key"), other.get("key"), open().size]).toEqual([undefined, "2", 0]);
  });

  it("is one place for all maps that give it the same name", () => {
    const name = `:memory:spec ${wait}`;
    const bucket = s3Bucket("bucket", { local: name, wait });
    open(name).set("key", "1");
    expect(bucket["key"]).toBe("1");
    expect(new S3BucketMap("other-bucket", { local: name }).size).toBe(0);
    expect(open(name.toUpperCase().replace(":MEMORY:", ":memory:")).size).toBe(0);
    expect(open(`${name}/${"x".repeat(1000)}\0`).size).toBe(0);
    asMap(bucket).clear();
  });
});

describe('local: ":memory:"', () => {
  it("is shown by its name, and makes a directory that nobody else can read", () => {
    expect(inspect(new S3BucketMap("bucket", { local: ":memory:" }))).toBe(
      "S3BucketMap { s3://bucket/ in the local S3 at :memory: }",
    );
    expect(inspect(new S3BucketMap("bucket", { local: ":memory:a b" }))).toContain("at :memory:a b }");
    const ours = fs.readdirSync(os.tmpdir()).filter((name) => name.includes(`-${process.pid}-`));
    expect(ours).toHaveLength(1);
    expect(fs.statSync(path.join(os.tmpdir(), ours[0]!)).mode & 0o777).toBe(0o700);
  });

  it.each([":memory", ":Memory:", ":mem:", ":MEMORY:x"])("refuses %j, and says what was meant", (local) => {
    expect(() => new S3BucketMap("bucket", { local })).toThrow(TypeError);
    expect(() => new S3BucketMap("bucket", { local })).toThrow('did you mean ":memory:" or ":memory:name"');
  });

  it("refuses a name with a lone surrogate, and an endpoint beside it", () => {
    expect(() => new S3BucketMap("bucket", { local: ":memory:\ud800" })).toThrow(TypeError);
    const both = { local: ":memory:", endpoint: "http://127.0.0.1:1" };
    expect(() => new S3BucketMap("bucket", both)).toThrow(/cannot be used together/);
  });

  it("is taken from the environment with a name, and refused without", () => {
    const { S3BUCKETMAP_LOCAL } = process.env;
    try {
      process.env["S3BUCKETMAP_LOCAL"] = ":memory:environment";
      new S3BucketMap("bucket").set("key", "1");
      expect(s3Bucket("bucket")["key"]).toBe("1");
      process.env["S3BUCKETMAP_LOCAL"] = ":memory:";
      expect(() => new S3BucketMap("bucket")).toThrow(TypeError);
      expect(() => new S3BucketMap("bucket")).toThrow("S3BUCKETMAP_LOCAL=:memory:name");
      expect(new S3BucketMap("bucket", { local: ":memory:" }).size).toBe(0);
    } finally {
      if (S3BUCKETMAP_LOCAL === undefined) delete process.env["S3BUCKETMAP_LOCAL"];
      else process.env["S3BUCKETMAP_LOCAL"] = S3BUCKETMAP_LOCAL;
    }
  });

  it.each([
    ["end", 0],
    ["exit", 3],
    ["error", 1],
    ["signal", 4],
  ])("is there for every exit listener, and then removed: %s", (ending, status) => {
    for (const local of [":memory:", ":memory:name"])
      expect(run(ending, local)).toEqual({ printed: [null, "value"], status, left: [] });
  });

  it("keeps what is written at exit until it has been read", () => {
    expect(run("buffered")).toEqual({ printed: [null, "value", "1"], status: 0, left: [] });
  });

  it("is shared by threads where it has a name, and by nobody where it has none", () => {
    const seen = { before: ["from main"], own: ["own"] };
    const keys = ["from a thread", "from main"];
    expect(run("threads")).toEqual({
      printed: [null, { seen, code: 0, keys }, "value"],
      status: 0,
      left: [],
    });
  });

  it("outlives the thread that made it where it has a name", () => {
    const { printed, left } = run("onlyWorkers");
    expect(printed).toEqual([
      { before: [], own: ["own"] },
      { before: ["from a thread"], own: ["own"] },
    ]);
    // The main thread knows nothing of it.
    expect(left).toHaveLength(1);
    expect(fs.readdirSync(path.join(temporary, left[0]!))).toEqual([expect.stringMatching(/^named-/)]);
    expect(run("end").left).toEqual([]);
  });

  it("is not shared by processes; what a killed one left, the next removes, and nothing of one that lives", async () => {
    const living = spawn(process.execPath, [program, "stay", ":memory:name"], { env: environment() });
    await once(living.stdout, "data");
    const [ofLiving] = fs.readdirSync(temporary);
    const { status, left } = run("kill", ":memory:name");
    expect([status, left.length]).toEqual([null, 2]);
    const after = run("end", ":memory:name");
    living.stdin.end();
    const rest = String(await once(living.stdout, "data"));
    await once(living, "exit");
    expect(after).toEqual({ printed: [null, "value"], status: 0, left: [ofLiving] });
    expect(JSON.parse(rest)).toBe("value");
    expect(fs.readdirSync(temporary)).toEqual([]);
  });

  it("says what to do where no directory can be made", () => {
    const { stderr, status } = spawnSync(process.execPath, [program, "end"], {
      env: { ...environment(), TMPDIR: path.join(temporary, "missing") },
    });
    expect([status, String(stderr)]).toEqual([1, expect.stringMatching(/TypeError: .*":memory:".*TMPDIR/)]);
  });
});
