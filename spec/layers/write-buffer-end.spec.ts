import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { batch, S3BucketMap } from "../../lib/index.js";
import type { PartialFailureError } from "../../lib/index.js";
import { writeBuffer } from "../../lib/layers/index.js";
import type { WriteBuffer } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { thrownBy } from "../support/local-maps.js";

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

let places = 0;
const options = (): object => ({
  endpoint: server.endpoint,
  credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  prefix: `${places}/`,
});
let base: S3BucketMap;
beforeEach(() => {
  places += 1;
  base = new S3BucketMap("bucket", options());
});

const index = JSON.stringify(path.join(__dirname, "../../dist/index.js"));
const layers = JSON.stringify(path.join(__dirname, "../../dist/layers/index.js"));
const run = (wait: string, program: string): ReturnType<typeof spawnSync> => {
  const text = `
    const { S3BucketMap } = require(${index});
    const { writeBuffer } = require(${layers});
    const map = writeBuffer(new S3BucketMap("bucket", { ...${JSON.stringify(options())}, wait: "${wait}" }));
    ${program}`;
  return spawnSync(process.execPath, ["-e", text], { encoding: "utf8", timeout: 60_000 });
};

describe.each(["atomics", "deasync"])("a write in an exit handler, wait: %s", (wait) => {
  it.each([
    ["registered after the first write", 'map.set("a", "1"); process.on("exit", () => map.set("b", "2"));'],
    ["registered before it", 'process.on("exit", () => map.set("b", "2")); map.set("a", "1");'],
    [
      "when nothing waits any more",
      'map.set("a", "1"); map.flush(); process.on("exit", () => map.set("b", "2"));',
    ],
    ["that is the first", 'process.on("exit", () => { map.set("a", "1"); map.set("b", "2"); });'],
    [
      "before one that ends the process",
      'process.on("exit", () => { map.set("b", "2"); process.exit(); }); map.set("a", "1");',
    ],
    [
      "after process.exit",
      'process.on("exit", () => map.setMany([["b", "2"]])); map.set("a", "1"); process.exit();',
    ],
  ])("is stored: %s", (_when, program) => {
    expect(run(wait, program)).toMatchObject({ status: 0, stderr: "" });
    expect([...base]).toEqual([["a", "1"], ["b", "2"]]); // prettier-ignore
  });

  it("that fails throws there, and the exit code is not 0", () => {
    server.fault({
      operation: "PUT",
      key: /b$/,
      times: Infinity,
      action: { status: 403, code: "AccessDenied" },
    });
    const { status, stderr } = run(wait, 'map.set("a", "1"); process.on("exit", () => map.set("b", "2"));');
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/PartialFailure.*AccessDenied/s);
    expect([...base]).toEqual([["a", "1"]]);
  });
});

it("writes what is left in Jest, whose realms have a copy of process", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-jest-"));
  try {
    for (const wait of ["atomics", "deasync"]) {
      writeFileSync(
        path.join(folder, `${wait}.test.js`),
        `it("writes", () => {
          const { S3BucketMap } = require(${index});
          const { writeBuffer } = require(${layers});
          const map = writeBuffer(new S3BucketMap("bucket", { ...${JSON.stringify(options())}, wait: "${wait}" }));
          for (let key = 0; key < 50; key += 1) map.set("${wait} " + key, "value");
        });`,
      );
    }
    writeFileSync(
      path.join(folder, "jest.config.js"),
      `module.exports = { rootDir: ${JSON.stringify(folder)} };`,
    );
    server.fault({ operation: "PUT", times: Infinity, action: { delayMs: 20 } });
    const { stderr } = spawnSync(
      process.execPath,
      [require.resolve("jest/bin/jest"), "--runInBand", "--config", "jest.config.js"],
      { cwd: folder, encoding: "utf8" },
    );
    expect(stderr).toContain("2 passed, 2 total");
    expect(stderr).not.toContain("s3bucketmap:");
    expect(base.size).toBe(100);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);

describe.each(["atomics", "deasync"] as const)("a write that failed, wait: %s", (wait) => {
  let map: WriteBuffer<string>;
  beforeEach(() => {
    map = writeBuffer(new S3BucketMap("bucket", { ...options(), wait }));
    server.fault({
      operation: "PUT",
      key: /bad$/,
      times: Infinity,
      action: { status: 403, code: "AccessDenied" },
    });
  });
  const failed = (use: () => unknown): string[] => [...(thrownBy(use) as PartialFailureError).failed.keys()];

  it.each<[string, (under: WriteBuffer<string>) => unknown]>([
    ["size", (under) => under.size],
    ["keys", (under) => [...under.keys()]],
    ["head", (under) => under.head("good")],
    ["create", (under) => under.create("other", "1")],
    ["update", (under) => under.update("good", (value) => `${value}!`)],
    ["clear", (under) => under.clear()],
  ])("is thrown by flush, though %s has thrown it before", (_what, use) => {
    map.set("bad", "1").set("good", "1");
    expect(failed(() => use(map))).toEqual(["bad"]);
    expect(map.get("bad")).toBeUndefined();
    expect(failed(() => map.flush())).toEqual(["bad"]);
    map.flush();
  });

  it("is thrown by close, and by the end of a batch, though size has thrown it before", () => {
    map.set("bad", "1");
    expect(failed(() => map.size)).toEqual(["bad"]);
    expect(failed(() => map.close())).toEqual(["bad"]);
  });

  const inner: [string, (under: WriteBuffer<string>) => unknown][] = [
    ["an inner batch", (under) => batch(under.subMap("logs/"), () => under.set("logs/x", "1"))],
    ["an empty batch", (under) => batch(under, () => {})],
    ["flush", (under) => under.flush()],
    ["size", (under) => under.size],
  ];
  it.each(inner)("is thrown by the end of a batch, though %s has thrown it inside", (_what, use) => {
    const atEnd = failed(() =>
      batch(map, () => {
        map.set("bad", "1").set("good", "1");
        expect(failed(() => use(map))).toEqual(["bad"]);
      }),
    );
    expect(atEnd).toEqual(["bad"]);
    map.flush();
  });

  it("is thrown by the end of a batch together with what was stored", () => {
    const run = (): unknown =>
      batch(map, () => {
        map.set("bad", "1").set("good", "1");
        thrownBy(() => map.size);
        map.set("other", "1");
      });
    const error = thrownBy(run) as PartialFailureError;
    expect(error.succeeded.toSorted()).toEqual(["good", "other"]);
    expect([...error.failed.keys()]).toEqual(["bad"]);
    expect(error.message).toMatch(/^Of 3 writes in the buffer, 2 were stored and 1 was not; /);
  });

  it.each(inner)("is thrown once where nobody catches what %s throws", (_what, use) => {
    const run = (): unknown =>
      batch(map, () => {
        map.set("bad", "1");
        use(map);
      });
    expect(failed(run)).toEqual(["bad"]);
    map.flush();
  });

  it.each<[string, (under: WriteBuffer<string>) => unknown]>([
    ["flush", (under) => under.flush()],
    ["close", (under) => under.close()],
  ])("is thrown by %s, though a set into the full buffer has thrown it before", (_what, use) => {
    map = writeBuffer(new S3BucketMap("bucket", { ...options(), wait }), { max: 1 });
    map.set("1 bad", "1");
    expect(failed(() => map.set("2 bad", "1"))).toEqual(["1 bad", "2 bad"]);
    expect(failed(() => use(map))).toEqual(["1 bad", "2 bad"]);
  });

  it("is thrown by a set that waits for room, with what is stored", () => {
    map = writeBuffer(new S3BucketMap("bucket", { ...options(), wait }), { max: 2 });
    const thrown: unknown[] = [];
    for (const key of ["1 bad", "2", "3", "4", "5"]) {
      try {
        map.set(key, "1");
      } catch (error) {
        thrown.push([key, ...(error as PartialFailureError).failed.keys()]);
      }
    }
    expect(thrown).toEqual([[expect.any(String), "1 bad"]]);
    expect(map.get("1 bad")).toBeUndefined();
    expect(failed(() => map.flush())).toEqual(["1 bad"]);
    expect([...base.keys()]).toEqual(["2", "3", "4", "5"]);
  });

  it("is forgotten by a batch that writes its key again", () => {
    batch(map, () => {
      map.set("bad", "1");
      expect(failed(() => map.flush())).toEqual(["bad"]);
      server.clearFaults();
      map.set("bad", "2");
    });
    expect(base.get("bad")).toBe("2");
  });

  it.each<[string, (under: WriteBuffer<string>) => unknown]>([
    ["update", (under) => under.update("bad", () => "2")],
    ["create", (under) => under.create("bad", "2")],
    [
      "an update that deletes it",
      (under) => {
        under.update("bad", () => undefined);
        base.set("bad", "2");
      },
    ],
  ])("is forgotten when its key is written by %s", (_what, use) => {
    map.set("bad", "1");
    expect(failed(() => map.size)).toEqual(["bad"]);
    server.clearFaults();
    use(map);
    map.flush();
    expect(base.get("bad")).toBe("2");
  });

  it("is forgotten when its key is written again", () => {
    map.set("bad", "1");
    expect(failed(() => map.size)).toEqual(["bad"]);
    server.clearFaults();
    map.set("bad", "2");
    map.flush();
    expect(base.get("bad")).toBe("2");
  });
});

describe("a flush during whose deasync wait a callback", () => {
  it.each<[string, (under: WriteBuffer<string>) => unknown]>([
    ["asks for the size", (under) => under.size],
    ["flushes", (under) => under.flush()],
  ])("%s throws what failed all the same", async (_what, use) => {
    const map = writeBuffer(new S3BucketMap("bucket", { ...options(), wait: "deasync" }));
    server.fault({
      operation: "PUT",
      key: /bad$/,
      times: Infinity,
      action: { status: 403, code: "AccessDenied", delayMs: 100 },
    });
    let inside: unknown;
    const called = new Promise<void>((resolve) => {
      setTimeout(() => {
        inside = thrownBy(() => use(map));
        resolve();
      }, 10);
    });
    map.set("bad", "1").set("good", "2");
    const outside = thrownBy(() => map.flush());
    await called;
    for (const error of [inside, outside]) {
      expect(error).toMatchObject({ code: "PartialFailure" });
      expect([...(error as PartialFailureError).failed.keys()]).toEqual(["bad"]);
    }
    map.flush();
  });
});
