import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { asObject, S3BucketMap } from "../lib/index.js";
import type * as library from "../lib/index.js";
import type { S3BucketOptions } from "../lib/index.js";
import { fill, numberedKeys } from "./support/fill.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// A value that was read before its turn, and what the program has heard since. Another program's write is made here past
// the library, in the same process: the store has it when `writeElsewhere` is over, and no time has passed.

const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
const names = numberedKeys(40);
const [first, second, third] = names as [string, string, string];

let folder: string;
let server: HttpS3;
let prefix = "";
let parts = 0;
let pass: (ms: number) => void;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-prefetched-"));
  server = await startHttpS3();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  prefix = `${parts++}/`;
  for (const bucket of ["bucket", "other"]) await fill(server.directory, bucket, prefix, names);
  server.reset();
  let now = performance.now();
  jest.spyOn(performance, "now").mockImplementation(() => now);
  jest.spyOn(Date, "now").mockImplementation(() => Math.floor(now));
  pass = (ms) => void (now += ms);
});
afterEach(() => {
  jest.restoreAllMocks();
});

function open(options: S3BucketOptions = {}, bucket = "bucket"): S3BucketMap {
  return new S3BucketMap(bucket, { endpoint: server.endpoint, credentials, prefix, ...options });
}

/** A copy of the package in a folder of its own, as a dependency of a dependency is. */
let copies = 0;
function secondCopy(): typeof library {
  const copy = path.join(folder, `copy-${copies++}`);
  cpSync(path.join(__dirname, "../dist"), path.join(copy, "dist"), { recursive: true });
  symlinkSync(path.join(__dirname, "../node_modules"), path.join(copy, "node_modules"));
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- its place is known only now
  return require(path.join(copy, "dist/index.js")) as typeof library;
}

async function writeElsewhere(key: string, value: string): Promise<void> {
  await fill(server.directory, "bucket", prefix, [key], value);
}

/** Waits until the reads that began early have been answered: the server has counted them. */
function untilRead(count: number): void {
  const started = process.hrtime.bigint();
  while (server.counts().GET < count && process.hrtime.bigint() - started < 20_000_000_000n);
  expect(server.counts().GET).toBeGreaterThanOrEqual(count);
}

describe.each(["atomics", "deasync"] as const)("what was read early, wait: %s,", (wait) => {
  /** Reads the first keys in order, through the object or the map, until the next one has been read early. */
  function readAhead(): { bucket: library.BucketObject<string>; map: S3BucketMap } {
    const map = open({ wait });
    const bucket = asObject(map);
    expect(Object.keys(bucket)).toEqual(names);
    expect(bucket[first]).toBe(first);
    untilRead(2);
    return { bucket, map };
  }

  it("is used where nothing else was called", async () => {
    const { bucket } = readAhead();
    await writeElsewhere(second, "new");
    expect(bucket[second]).toBe(second);
  });

  it("is used after plain writes to another bucket", async () => {
    const other = open({ wait }, "other");
    other.set("x", "1");
    const { bucket } = readAhead();
    await writeElsewhere(second, "new");
    other.set("x", "1").setMany([["y", "2"]]);
    other.delete("x");
    asObject(other)["z"] = "3";
    expect(bucket[second]).toBe(second);
  });

  const calls: [string, (map: S3BucketMap, bucket: library.BucketObject<string>) => unknown][] = [
    ["a get out of turn", (map) => map.get(third)],
    ["a read of the object out of turn", (_map, bucket) => bucket[third]],
    ["a get of a missing key", (map) => map.get("missing")],
    ["has", (map) => map.has(first)],
    ["in", (_map, bucket) => first in bucket],
    ["Object.hasOwn", (_map, bucket) => Object.hasOwn(bucket, third)],
    ["head", (map) => map.head(first)],
    ["getMany", (map) => map.getMany([third])],
    ["size", (map) => map.size],
    ["keys", (map) => map.keys().next()],
    ["list", (map) => map.list().next()],
    ["entries", (map) => map.entries().next()],
    ["create", (map) => map.create("new", "1")],
    ["update", (map) => map.update("new", () => "1")],
    ["a set", (map) => map.set("new", "1")],
    ["a set with ifMatch", (map) => map.set("new", "1", { ifMatch: map.head(first)!.etag })],
    ["setMany", (map) => map.setMany([["new", "1"]])],
    ["delete", (map) => map.delete("new")],
    ["deleteMany", (map) => map.deleteMany(["new"])],
    ["clear", (map) => map.subMap("none").clear()],
    ["another map's get", () => open({ wait }).get(third)],
    ["a get in another bucket", () => open({ wait }, "other").get(first)],
    ["has in another bucket", () => "x" in asObject(open({ wait }, "other"))],
    ["a listing of another bucket", () => Object.keys(asObject(open({ wait }, "other")))],
    ["a loop over another bucket", () => ({ ...asObject(open({ wait }, "other")) })],
    ["create in another bucket", () => open({ wait }, "other").create("new", "1")],
    ["update in another bucket", () => open({ wait }, "other").update("new", () => "1")],
    ["a set by another name of the place", () => open({ wait, endpoint: localhost() }).set("new", "1")],
    ["a set with the endpoint from the environment", () => fromEnvironment(wait).set("new", "1")],
    ["a write that fails, to another bucket", () => open({ wait, endpoint: "http://127.0.0.1:9" }, "other").set("x", "1")],
    ["a write to an access point", () => open({ wait, endpoint: "http://127.0.0.1:9" }, "some-point-s3alias").set("x", "1")],
    ["6 ms elsewhere", () => pass(6)],
    ["a second of which only the other clock knows, as a laptop's that sleeps", () => sleepFor(1001)],
  ]; // prettier-ignore
  it.each(calls)(
    "is not used after %s",
    async (_name, call) => {
      const { bucket, map } = readAhead();
      await writeElsewhere(second, "new");
      try {
        call(map, bucket);
      } catch {
        // A call that fails has told something, too.
      }
      expect(bucket[second]).toBe("new");
    },
    60_000,
  );

  it("is not used when the program was outside for more than 5 ms in all", async () => {
    const map = open({ wait });
    const bucket = asObject(map);
    expect(Object.keys(bucket)).toEqual(names);
    for (const key of names.slice(0, 8)) expect(bucket[key]).toBe(key);
    untilRead(20);
    await fill(server.directory, "bucket", prefix, names.slice(8), "new");
    const read = names.slice(8, 20).map((key) => {
      pass(1);
      return bucket[key];
    });
    expect(read.slice(6)).toEqual(Array(6).fill("new"));
  });

  it("is not used after a call of another copy of the package", async () => {
    const other = new (secondCopy().S3BucketMap)("bucket", {
      endpoint: server.endpoint,
      credentials,
      prefix,
      wait,
    });
    const { bucket } = readAhead();
    await writeElsewhere(second, "new");
    expect(other.has(first)).toBe(true);
    expect(bucket[second]).toBe("new");
  }, 60_000);

  it.each(["entries", "values"] as const)("by %s() is for that iterator alone", async (method) => {
    const map = open({ wait });
    const iterator = map[method]();
    iterator.next();
    untilRead(2);
    await writeElsewhere(second, "new");
    expect(map.get(second)).toBe("new");
    expect(asObject(map)[second]).toBe("new");
    const another = map[method]();
    another.next();
    expect([another.next().value].flat().at(-1)).toBe("new");
    pass(70_000);
    expect(map.get(second)).toBe("new");
    // It may be old for the iterator itself.
    expect([iterator.next().value].flat().at(-1)).toBe(second);
  });

  it("by entries() is dropped by a write of this thread", async () => {
    const map = open({ wait });
    const iterator = map.entries();
    iterator.next();
    untilRead(2);
    await writeElsewhere(second, "new");
    open({ wait, endpoint: localhost() }).set(third, "3");
    expect([...iterator].slice(0, 2)).toEqual([[second, "new"], [third, "3"]]); // prettier-ignore
  });
});

function sleepFor(ms: number): void {
  jest.spyOn(Date, "now").mockReturnValue(Date.now() + ms);
}

function localhost(): string {
  return server.endpoint.replace("127.0.0.1", "localhost");
}

function fromEnvironment(wait: "atomics" | "deasync"): S3BucketMap {
  process.env["AWS_ENDPOINT_URL_S3"] = server.endpoint;
  process.env["AWS_REGION"] = "us-east-1";
  try {
    const map = new S3BucketMap("bucket", { credentials, prefix, wait });
    map.set("from environment", "1");
    return map;
  } finally {
    delete process.env["AWS_ENDPOINT_URL_S3"];
    delete process.env["AWS_REGION"];
  }
}

describe("a listing", () => {
  const remove = (...keys: string[]): unknown =>
    execFileSync(process.execPath, [
      "-e",
      `const { S3BucketMap } = require(${JSON.stringify(path.join(__dirname, "../dist/index.js"))});
       const [endpoint, prefix, ...keys] = process.argv.slice(1);
       new S3BucketMap("bucket", { endpoint, credentials: ${JSON.stringify(credentials)}, prefix }).deleteMany(keys);`,
      server.endpoint,
      prefix,
      ...keys,
    ]);

  it("does not answer for a key that comes later, after a loop that was left", () => {
    const bucket = asObject(open());
    for (const _key in bucket) break;
    remove(names[7]!);
    server.reset();
    expect(Object.hasOwn(bucket, names[7]!)).toBe(false);
    expect(server.counts()).toMatchObject({ HEAD: 1, LIST: 0 });
  });

  it.each<[string, (map: S3BucketMap) => unknown]>([
    ["get", (map) => map.get(second)],
    ["has", (map) => map.has(second)],
    ["head", (map) => map.head(second)],
    ["getMany", (map) => map.getMany([second])],
    ["another map's has", () => open().has(second)],
  ])("does not answer for a key that is missing by %s", (_name, look) => {
    const map = open();
    const bucket = asObject(map);
    for (const _key in bucket) break;
    remove(second);
    look(map);
    expect(Object.hasOwn(bucket, second)).toBe(false);
  });

  it("answers for the key that comes exactly next, for a second", () => {
    const bucket = asObject(open());
    for (const _key in bucket) break;
    expect(Object.hasOwn(bucket, second)).toBe(true);
    expect(server.counts().HEAD).toBe(0);
    pass(1001);
    remove(third);
    expect(Object.hasOwn(bucket, third)).toBe(false);
  });

  it("costs a HEAD a key where a loop's body takes longer than a second", () => {
    let turns = 0;
    for (const _key in asObject(open())) {
      pass(1001);
      turns += 1;
    }
    expect(turns).toBe(names.length);
    expect(server.counts()).toMatchObject({ LIST: 1, HEAD: names.length - 1 });
  });

  it("serves loops within loops over several buckets, and listings that are left, without a request", () => {
    const [bucket, other] = [asObject(open()), asObject(open({}, "other"))];
    let turns = 0;
    for (const _key in bucket) {
      for (const _one in bucket) break;
      for (const _one in other) {
        if ((turns += 1) % 10 !== 0) continue;
        Object.keys(bucket);
        for (const _two in other) break;
      }
    }
    expect(turns).toBe(names.length ** 2);
    expect(server.counts().HEAD).toBe(0);
  }, 60_000);

  const deletions: [string, () => Pick<S3BucketMap, "delete">][] = [
    ["another map", () => open()],
    ["another name of the place", () => open({ endpoint: localhost() })],
    ["another copy of the package", () => {
      const options = { endpoint: server.endpoint, credentials, prefix };
      return new (secondCopy().S3BucketMap)("bucket", options);
    }],
  ]; // prettier-ignore
  it.each(deletions)(
    "knows of a deletion through %s",
    (_name, through) => {
      const other = through();
      const seen: string[] = [];
      for (const key in asObject(open())) {
        seen.push(key);
        if (key === first) other.delete(second);
      }
      expect(seen).toEqual(names.filter((name) => name !== second));
    },
    60_000,
  );

  it("does not take a deletion in another bucket of that name for one in its own", async () => {
    const elsewhere = await startHttpS3();
    try {
      const other = open({ endpoint: elsewhere.endpoint });
      const seen: string[] = [];
      for (const key in asObject(open())) {
        seen.push(key);
        if (key === first) other.delete(second);
      }
      expect(seen).toEqual(names);
    } finally {
      await elsewhere.close();
    }
  });

  it.each([
    ["for…in that is left", 300, "for (const key in bucket) break;"],
    ["Object.keys", 300, "Object.keys(bucket);"],
    ["an iterator that is left", 300, "map.entries().next();"],
  ])(
    "does not stay in memory: %s",
    async (_name, times, code) => {
      await fill(server.directory, "bucket", "many/", numberedKeys(1000));
      const script = `
      const { S3BucketMap, asObject } = require(${JSON.stringify(path.join(__dirname, "../dist/index.js"))});
      const map = new S3BucketMap("bucket", { endpoint: ${JSON.stringify(server.endpoint)}, credentials: ${JSON.stringify(credentials)}, prefix: "many/" });
      const bucket = asObject(map);
      const use = (times) => { for (let turn = 0; turn < times; turn += 1) { ${code} } gc(); return process.memoryUsage().heapUsed; };
      const before = use(100);
      console.log(use(${times}) - before);`;
      const grown = Number(
        execFileSync(process.execPath, ["--expose-gc", "-e", script], { encoding: "utf8" }),
      );
      expect(grown).toBeLessThan(4e6);
    },
    120_000,
  );
});
