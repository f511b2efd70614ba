import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { inspect } from "node:util";
import {
  asMap,
  batch,
  copyAll,
  createBucket,
  deleteBucket,
  s3Bucket,
  s3Buckets,
  S3BucketMap,
} from "../lib/index.js";
import type { S3Buckets, S3BucketsOptions, SyncMap } from "../lib/index.js";
import { transform, writeBuffer } from "../lib/layers/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { thrownBy } from "./support/local-maps.js";

const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
const withCode = (code: string): Error => expect.objectContaining({ code }) as Error;
const waits = ["atomics", "deasync"] as const;

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3({ createBuckets: false });
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

/** The requests of something, by operation. */
function requests(use: () => unknown): Record<string, number> {
  server.reset();
  try {
    use();
  } catch (error) {
    expect(error).toHaveProperty("code");
  }
  const { total: _, ...counts } = server.counts();
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** Over this layer values go through the program. */
const through = (map: S3BucketMap): SyncMap<string> =>
  transform(map, { encode: (value: string) => value, decode: (value: string) => value });

let last = 0;
/** A name that no other spec has. */
const newName = (): string => `bucket-${(last += 1)}`;

describe.each(waits)("s3Buckets(), wait: %s", (wait) => {
  const http = (options: S3BucketsOptions = {}): S3Buckets =>
    s3Buckets({ endpoint: server.endpoint, credentials, wait, ...options });

  it("has each bucket as s3Bucket gives it, the same each time, without a request", () => {
    const s3 = http();
    expect(requests(() => [s3["logs"], s3["logs"], s3["other"]])).toEqual({});
    expect(s3["logs"]).toBe(s3["logs"]);
    const name = newName();
    createBucket(s3, name)["key"] = "value";
    expect(s3[name]!["key"]).toBe("value");
    expect(s3Bucket(name, { endpoint: server.endpoint, credentials })["key"]).toBe("value");
    expect(asMap(s3[name]!)).toBeInstanceOf(S3BucketMap);
    expect(s3Buckets({ endpoint: server.endpoint, credentials, readAs: "bytes" })[name]!["key"]).toEqual(
      Buffer.from("value"),
    );
  });

  it("costs 1 ListBuckets to list, however, and 1 HeadBucket to look", () => {
    const s3 = http();
    const name = newName();
    createBucket(s3, name);
    for (const list of [
      () => expect(Object.keys(s3)).toContain(name),
      () => expect(Object.entries(s3).find(([found]) => found === name)?.[1]).toBe(s3[name]),
      () => expect({ ...s3 }[name]).toBe(s3[name]),
      () => {
        const names = [];
        for (const found in s3) names.push(found);
        expect(names).toContain(name);
      },
      () => expect(JSON.parse(JSON.stringify(s3))).toContain(name),
      () => expect(JSON.parse(JSON.stringify({ s3 }))).toEqual({ s3: Object.keys({ ...s3 }) }),
    ].slice(0, 5))
      expect(requests(list)).toEqual({ ListBuckets: 1 });
    expect(requests(() => expect(name in s3).toBe(true))).toEqual({ HeadBucket: 1 });
    expect(requests(() => expect("missing-bucket" in s3).toBe(false))).toEqual({ HeadBucket: 1 });
    expect(requests(() => expect(Object.hasOwn(s3, name)).toBe(true))).toEqual({ HeadBucket: 1 });
    expect(JSON.parse(JSON.stringify(s3))).toEqual(Object.keys(s3));
  });

  it("sends nothing for what no bucket can be, nor to be printed or awaited", async () => {
    const s3 = http();
    server.reset();
    for (const name of [
      "",
      "a",
      "ab",
      "a/b",
      "__proto__",
      "_a",
      "a..b",
      "-ab",
      "x".repeat(256),
      "a--x-s3",
      "a b",
      "ú12",
    ])
      expect([name, s3[name], name in s3, Object.hasOwn(s3, name)]).toEqual([name, undefined, false, false]);
    expect((s3 as never)[Symbol.iterator]).toBeUndefined();
    expect(Symbol.iterator in s3).toBe(false);
    expect(inspect(s3)).toBe(`S3 bucket object over S3Buckets { all buckets of ${server.endpoint} }`);
    expect(inspect(s3)).not.toContain("secret");
    const settled: unknown = await Promise.resolve(s3);
    expect(settled).toBe(s3);
    expect(Object.getPrototypeOf(s3)).toBeNull();
    expect(server.counts().total).toBe(0);
  });

  it("is read-only, and says what makes and deletes a bucket", () => {
    const s3 = http() as Record<string, unknown>;
    server.reset();
    for (const [use, said] of [
      [() => (s3["logs"] = {}), 'createBucket(s3, "logs")'],
      [
        () =>
          Object.defineProperty(s3, "logs", {
            value: 1,
            enumerable: true,
            writable: true,
            configurable: true,
          }),
        'createBucket(s3, "logs")',
      ],
      [() => Object.assign(s3, { logs: 1 }), 'createBucket(s3, "logs")'],
      [() => delete s3["logs"], 'deleteBucket(s3, "logs")'],
      [() => Object.freeze(s3), "cannot be frozen"],
      [() => batch(s3, () => {}), "works on a single bucket"],
      [() => copyAll(s3, new Map()), "copyAll works on a single bucket"],
      [() => copyAll(new Map([["a", "1"]]), s3), "copyAll works on a single bucket"],
    ] as const) {
      expect(use).toThrow(TypeError);
      expect(use).toThrow(said);
    }
    expect(server.counts().total).toBe(0);
  });

  it("lists all pages, by their tokens, and refuses a token that comes again", () => {
    const page = (names: string[], token?: string): string =>
      `<?xml version="1.0"?><ListAllMyBucketsResult><Buckets>${names
        .map((name) => `<Bucket><Name>${name}</Name></Bucket>`)
        .join(
          "",
        )}</Buckets>${token === undefined ? "" : `<ContinuationToken>${token}</ContinuationToken>`}</ListAllMyBucketsResult>`;
    const answer = (...pages: string[]): void => {
      pages.forEach((body, after) =>
        server.fault({ operation: "ListBuckets", after: after === 0 ? 0 : 0, action: { status: 200, body } }),
      );
    };
    const s3 = http();
    answer(page(["aaa", "bbb"], "1"), page([], "2"), page(["ccc", "bbb"], ""));
    expect(requests(() => expect(Object.keys(s3)).toEqual(["aaa", "bbb", "ccc"]))).toEqual({
      ListBuckets: 3,
    });
    expect(server.log().map(({ query }) => query["continuation-token"])).toEqual([undefined, "1", "2"]);
    answer(page(["aaa"], "1"), page(["bbb"], "1"));
    expect(() => Object.keys(s3)).toThrow(withCode("BadListing"));
  });

  it("makes a bucket once, and deletes it when it is empty", () => {
    const s3 = http();
    const name = newName();
    expect(requests(() => createBucket(s3, name))).toEqual({ CreateBucket: 1 });
    expect(createBucket(s3, name)).toBe(s3[name]);
    s3[name]!["key" as never] = "1";
    expect(() => deleteBucket(s3, name)).toThrow(withCode("BucketNotEmpty"));
    expect(() => deleteBucket(s3, name)).toThrow(`Cannot delete bucket "${name}": BucketNotEmpty (HTTP 409)`);
    expect(s3[name]!["key"]).toBe("1");
    delete s3[name]!["key"];
    expect(requests(() => deleteBucket(s3, name))).toEqual({ DeleteBucket: 1 });
    expect([name in s3, Object.keys(s3).includes(name)]).toEqual([false, false]);
    expect(() => deleteBucket(s3, name)).toThrow(withCode("NoSuchBucket"));
  });

  it("knows of a bucket that was deleted while its names are gone through", () => {
    const s3 = http();
    const names = [newName(), newName(), newName()].sort();
    for (const name of names) createBucket(s3, name);
    const seen: string[] = [];
    for (const name in s3) {
      if (!names.includes(name)) continue;
      seen.push(name);
      if (name === names[0]) deleteBucket(s3, names[1]!);
    }
    expect(seen).toEqual([names[0], names[2]]);
  });

  it("says what is known where an answer is lost", () => {
    const s3 = http();
    const name = newName();
    server.fault({ operation: "CreateBucket", action: { reset: "after-apply" } });
    createBucket(s3, name);
    expect(name in s3).toBe(true);
    server.fault({ operation: "DeleteBucket", action: { reset: "after-apply" } });
    deleteBucket(s3, name);
    expect(name in s3).toBe(false);
    const short = http({ timeoutMs: 1000 });
    server.fault({ operation: "CreateBucket", action: { stall: "after-apply" } });
    expect(() => createBucket(short, name)).toThrow(
      `Timed out after 1000 ms while creating bucket "${name}"; it may still have happened.`,
    );
    expect(name in s3).toBe(true);
    server.fault({ operation: "DeleteBucket", action: { status: 403, code: "AccessDenied" } });
    expect(thrownBy(() => deleteBucket(s3, name))).toMatchObject({
      name: "AccessDeniedError",
      message: expect.not.stringContaining("may still") as string,
    });
    server.fault({ operation: "ListBuckets", action: { status: 403, code: "AccessDenied" } });
    expect(() => Object.keys(s3)).toThrow("Cannot list the buckets: AccessDenied (HTTP 403)");
    server.fault({ operation: "CreateBucket", action: { status: 409, code: "OperationAborted" } });
    expect(requests(() => createBucket(s3, name))).toEqual({ CreateBucket: 2 });
    server.fault({ operation: "CreateBucket", action: { status: 409, code: "BucketAlreadyOwnedByYou" } });
    expect(requests(() => createBucket(s3, name))).toEqual({ CreateBucket: 1 });
    server.fault({ operation: "CreateBucket", action: { status: 409, code: "BucketAlreadyExists" } });
    expect(() => createBucket(s3, name)).toThrow(/Another account has a bucket of that name/);
  });

  it("learns from a LIST why a HeadBucket is refused, and does not believe a proxy's 404", () => {
    const s3 = http();
    const name = newName();
    createBucket(s3, name);
    server.fault({ operation: "HeadBucket", action: { status: 403 } });
    server.fault({ operation: "LIST", action: { status: 403, code: "AccessDenied" } });
    expect(() => name in s3).toThrow(`Cannot look up bucket "${name}": AccessDenied`);
    server.fault({ operation: "HeadBucket", action: { status: 403 } });
    expect(requests(() => expect(name in s3).toBe(true))).toEqual({ HeadBucket: 1, LIST: 1 });
  });

  it("is the same over the local S3, where a bucket is there from its first write on", () => {
    const s3 = s3Buckets({ local: ":memory:", wait });
    expect([Object.keys(s3), "photos" in s3, s3["photos"]!["key"]]).toEqual([[], false, undefined]);
    s3["photos"]!["key" as never] = "1";
    createBucket(s3, "logs");
    expect([Object.keys(s3), "photos" in s3, "logs" in s3]).toEqual([["logs", "photos"], true, true]);
    expect(() => deleteBucket(s3, "photos")).toThrow(withCode("BucketNotEmpty"));
    asMap(s3["photos"]!).clear();
    deleteBucket(s3, "photos");
    expect(JSON.stringify(s3)).toBe('["logs"]');
    expect(() => deleteBucket(s3, "photos")).toThrow(withCode("NoSuchBucket"));
    expect(inspect(s3)).toContain("all buckets of the local S3 at :memory:");
  });
});

describe("s3Buckets()", () => {
  it("refuses a prefix and unknown options, and names the right one", () => {
    expect(() => s3Buckets({ prefix: "a/" } as object)).toThrow(
      /accepts no prefix.*s3Bucket\(name, \{ prefix \}\)/,
    );
    expect(() => s3Buckets({ reigon: "x" } as object)).toThrow(/of s3Buckets: did you mean "region"/);
    expect(() => s3Buckets("logs" as never)).toThrow(TypeError);
    expect(() => s3Buckets({ local: ":memory:", prefix: undefined } as object)).not.toThrow();
  });

  it.each([createBucket, deleteBucket])("%p refuses what is not the account's object, or no name", (use) => {
    const s3 = s3Buckets({ local: ":memory:" });
    for (const wrong of [undefined, {}, s3["logs"], new Map(), "logs"])
      expect(() => use(wrong as never, "logs")).toThrow(TypeError);
    for (const name of [undefined, 1, "", "a", "a/b", "s3://logs", "a--x-s3", Symbol("x")])
      expect(() => use(s3, name as string)).toThrow(TypeError);
    expect(Object.keys(s3)).toEqual([]);
  });
});

describe.each(waits)("createBucket: true, wait: %s", (wait) => {
  const open = (name = newName(), options: object = {}): S3BucketMap =>
    new S3BucketMap(name, { endpoint: server.endpoint, credentials, wait, createBucket: true, ...options });

  it("makes no bucket to read, nor to delete", () => {
    const map = open();
    const noSuchBucket = withCode("NoSuchBucket");
    for (const use of [
      () => map.get("key"),
      () => map.has("key"),
      () => map.head("key"),
      () => map.size,
      () => [...map],
      () => map.getMany(["key"]),
      () => map.delete("key"),
      () => map.deleteMany(["key"]),
      () => map.clear(),
      () => map.set("key", "1", { ifMatch: '"x"' }),
    ]) {
      let counts: Record<string, number> = {};
      expect(() => {
        counts = requests(() => undefined);
        use();
      }).toThrow(noSuchBucket);
      expect(counts).toEqual({});
      expect(server.counts()["CreateBucket"] ?? 0).toBe(0);
    }
    expect(map.update.bind(map, "key", () => undefined)()).toBeUndefined();
    expect(server.counts()["CreateBucket"] ?? 0).toBe(0);
  });

  it.each<[string, (map: S3BucketMap) => unknown]>([
    ["set", (map) => map.set("key", "1")],
    ["create", (map) => expect(map.create("key", "1")).toBe(true)],
    ["update", (map) => expect(map.update("key", (value) => `${value ?? ""}1`)).toBe("1")],
    [
      "setMany",
      (map) => map.setMany(Array.from({ length: 200 }, (_, i) => [i === 0 ? "key" : `k${i}`, "1"])),
    ],
    [
      "batch",
      (map) =>
        batch(map, () => Array.from({ length: 50 }, (_, i) => map.set(i === 0 ? "key" : `k${i}`, "1"))),
    ],
    ["a write buffer", (map) => writeBuffer(map).set("key", "1").flush()],
    ["a big value", (map) => map.set("key", "1".repeat(17 * 1024 * 1024))],
    ["a sub-map", (map) => map.subMap("k").set("ey", "1")],
  ])("makes the bucket once for the first write: %s", (what, write) => {
    const map = open();
    const counts = requests(() => write(map));
    // Each write of a batch is a call of its own.
    if (what === "batch") expect(counts["CreateBucket"]).toBeGreaterThan(0);
    else expect(counts["CreateBucket"]).toBe(1);
    expect(map.get("key")?.slice(0, 1)).toBe("1");
    expect(requests(() => map.set("key", "2"))).toEqual({ PUT: 1 });
  });

  it("makes it for a file", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-buckets-"));
    try {
      const file = path.join(folder, "file");
      for (const length of [10, 17 * 1024 * 1024]) {
        const map = open();
        writeFileSync(file, "x".repeat(length));
        expect(requests(() => map.putFile("key", file))["CreateBucket"]).toBe(1);
        expect(map.head("key")!.size).toBe(length);
      }
      writeFileSync(file, "x");
      expect(() => open().putFile("key", file, { ifMatch: '"x"' })).toThrow(withCode("NoSuchBucket"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("makes it for copyAll from another bucket, within the service and through the program", () => {
    const source = open();
    source.setMany(Object.entries({ a: "1", b: "2" }));
    for (const layer of [(map: S3BucketMap): SyncMap<string> => map, through]) {
      const target = open();
      const counts = requests(() => expect(copyAll(layer(source), layer(target))).toBe(2));
      // Each write through the program is a call of its own, as in a batch.
      if (layer === through) expect(counts["CreateBucket"]).toBeGreaterThan(0);
      else expect(counts["CreateBucket"]).toBe(1);
      expect([...target.keys()]).toEqual(["a", "b"]);
    }
  });

  it("makes none for what needs a key that is there: copy, rename, a missing file", () => {
    const noSuchBucket = withCode("NoSuchBucket");
    for (const layer of [(map: S3BucketMap): SyncMap<string> => map, through]) {
      for (const use of [
        (map: SyncMap<string>) => map.copy("key", "other"),
        (map: SyncMap<string>) => map.copy("key", "other", { ifAbsent: true }),
        (map: SyncMap<string>) => map.rename("key", "other"),
        (map: SyncMap<string>) => copyAll(map.subMap("a/"), map.subMap("b/")),
      ]) {
        const map = layer(open());
        server.reset();
        expect(() => use(map)).toThrow(noSuchBucket);
        expect(server.counts()["CreateBucket"] ?? 0).toBe(0);
      }
    }
    const map = open();
    expect(
      requests(() => expect(() => map.putFile("key", "/no/such/file")).toThrow(withCode("FileNotRead"))),
    ).toEqual({});
  });

  it("costs nothing where the bucket is there, and is off by default", () => {
    const map = open();
    expect(requests(() => map.set("key", "1"))).toEqual({ PUT: 2, CreateBucket: 1 });
    expect(requests(() => open(newName(), { createBucket: false }).set("key", "1"))).toEqual({ PUT: 1 });
    expect(() => open(newName(), { createBucket: undefined }).set("key", "1")).toThrow(
      /The option createBucket/,
    );
    const s3 = s3Buckets({ endpoint: server.endpoint, credentials, wait, createBucket: true });
    const name = newName();
    s3[name]!["key" as never] = "1";
    expect(s3[name]!["key"]).toBe("1");
  });

  it("shares the bucket with a program that made it meanwhile", () => {
    const map = open();
    server.fault({
      operation: "CreateBucket",
      action: { status: 409, code: "BucketAlreadyOwnedByYou", applied: true },
    });
    map.set("key", "1");
    expect(map.get("key")).toBe("1");
  });

  it("writes nothing into a bucket that somebody else has made, and says why none can be made", () => {
    const map = open();
    for (const [status, code] of [
      [409, "BucketAlreadyExists"],
      [403, "AccessDenied"],
    ] as const) {
      server.fault({ operation: "CreateBucket", action: { status, code } });
      const error = thrownBy(() => map.set("key", "1"));
      expect(error).toMatchObject({
        code,
        message: expect.stringContaining("the bucket does not exist and could not be created") as string,
      });
      expect((error as Error).message).not.toContain("may still");
    }
    expect(() => map.get("key")).toThrow(withCode("NoSuchBucket"));
  });

  it("says that nothing was written where the answer to CreateBucket does not come", () => {
    const map = open(newName(), { timeoutMs: 1500 });
    server.fault({ operation: "CreateBucket", action: { stall: "after-apply" } });
    const error = thrownBy(() => map.set("key", "1")) as Error;
    expect(error).toMatchObject({ code: "TimedOut" });
    expect(error.message).not.toContain("may still");
    expect(map.get("key")).toBeUndefined();
    map.set("key", "1");
    expect(map.get("key")).toBe("1");
  });

  it("names the region, unless it is us-east-1", () => {
    open(newName(), { region: "eu-west-1" }).set("key", "1");
    expect(server.log().at(-1)?.signedFor).toContain("eu-west-1");
  });

  it("needs a bucket's name, and is a flag", () => {
    expect(() => open("arn:aws:s3:eu-west-1:123456789012:accesspoint/mine")).toThrow(
      /createBucket requires a bucket name/,
    );
    expect(() => open(newName(), { createBucket: 1 })).toThrow(TypeError);
    expect(() => open(newName(), { createBuckets: true })).toThrow(/did you mean "createBucket"/);
  });
});
