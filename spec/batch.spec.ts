import { spawnSync } from "node:child_process";
import path from "node:path";
import vm from "node:vm";
import {
  asMap,
  asObject,
  batch,
  copyAll,
  PartialFailureError,
  S3BucketMap,
  S3BucketMapError,
} from "../lib/index.js";
import type { S3BucketOptions } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3({ latencyMs: 5 });
});
afterAll(() => server.close());
beforeEach(() => server.reset());
afterEach(() => server.clearFaults());

let maps = 0;
function map(options: S3BucketOptions = {}, bucket = "bucket"): S3BucketMap {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  return new S3BucketMap(bucket, {
    endpoint: server.endpoint,
    credentials,
    prefix: `${maps++}/`,
    ...options,
  });
}

function thrownBy(use: () => unknown): unknown {
  try {
    use();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const denied = { status: 403, code: "AccessDenied", message: "Access Denied" };

describe.each(["atomics", "deasync"])("process.exit in a batch, wait: %s", (wait) => {
  const run = (prefix: string): ReturnType<typeof spawnSync> => {
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    const options = { endpoint: server.endpoint, credentials, prefix, wait };
    const program = `
      const { S3BucketMap, asObject, batch } = require(${JSON.stringify(path.join(__dirname, "../dist/index.js"))});
      const bucket = asObject(new S3BucketMap("bucket", ${JSON.stringify(options)}));
      batch(bucket, () => {
        for (let at = 0; at < 100; at += 1) bucket["key" + at] = "value";
        process.exit();
      });`;
    return spawnSync(process.execPath, ["-e", program], { encoding: "utf8", timeout: 60_000 });
  };

  it("stores what was written before it", () => {
    const prefix = `${maps}/`;
    const under = map();
    expect(run(prefix)).toMatchObject({ status: 0, stderr: "" });
    expect(under.size).toBe(100);
  });

  it("prints what could not be stored, and the exit code tells", () => {
    const prefix = `${maps}/`;
    const under = map();
    server.fault({ key: `${prefix}key7`, action: denied, times: Infinity });
    server.fault({ key: `${prefix}key8`, action: { reset: "after-apply" }, times: Infinity });
    const { status, stderr } = run(prefix);
    expect(stderr).toMatch(
      /^s3bucketmap: batch at exit: Of 100 keys in bucket "bucket", 98 were written, 1 was not and 1 may have been; /,
    );
    // Nobody can look into the error any more.
    expect(stderr).toMatch(/^ {2}Cannot write "\d+\/key7" .*AccessDenied/m);
    expect(stderr).toMatch(/^ {2}Cannot write "\d+\/key8" .*the write may still have happened/m);
    expect(status).toBe(1);
    expect(under.size).toBe(99);
  });
});

describe.each(["atomics", "deasync"] as const)("batch(), wait: %s", (wait) => {
  it("sends a PUT an assignment, as many at a time as concurrency says, and returns what fn returned", () => {
    const under = map({ wait, concurrency: 8 });
    const bucket = asObject(under);
    const result = batch(bucket, () => {
      for (let i = 0; i < 100; i += 1) bucket[`key ${i}`] = `value ${i}`;
      return "done";
    });
    expect(result).toBe("done");
    expect(server.counts()).toMatchObject({ PUT: 100, total: 100 });
    expect(server.maxConcurrent()).toBeGreaterThan(4);
    expect(server.maxConcurrent()).toBeLessThanOrEqual(8);
    expect(under.getMany(under.keys()).get("key 99")).toBe("value 99");
  }, 30_000);

  it("lets reads, questions and listings inside see what was written before them", () => {
    const under = map({ wait });
    const bucket = asObject(under);
    under.set("old", "1");
    batch(under, () => {
      bucket["a"] = "1";
      under.subMap("sub/").set("b", "2");
      delete bucket["old"];
      expect(bucket["a"]).toBe("1");
      expect("old" in bucket).toBe(false);
      expect(Object.keys(bucket)).toEqual(["a", "sub/b"]);
      expect({ ...bucket }).toEqual({ a: "1", "sub/b": "2" });
    });
  });

  it("keeps the order of the writes to one key", () => {
    const under = map({ wait });
    // The first ones are slow.
    server.fault({ operation: "PUT", times: 3, action: { delayMs: 100 } });
    batch(under, () => {
      for (let i = 0; i < 10; i += 1) under.set("key", String(i));
      under.set("gone", "x");
      under.delete("gone");
    });
    expect(under.get("key")).toBe("9");
    expect(under.has("gone")).toBe(false);
  });

  it("names the keys that were not written, and those that were", () => {
    const under = map({ wait });
    server.fault({ operation: "PUT", key: /no$/, times: Infinity, action: denied });
    const error = thrownBy(() =>
      batch(under, () => {
        for (const key of ["a", "b/no", "c"]) under.set(key, "x");
      }),
    ) as PartialFailureError;
    expect(error).toBeInstanceOf(PartialFailureError);
    expect(error).toMatchObject({ code: "PartialFailure", operation: "batch", bucket: "bucket" });
    expect([...error.succeeded].sort()).toEqual(["a", "c"]);
    expect([...error.failed.keys()]).toEqual(["b/no"]);
    expect(error.failed.get("b/no")).toMatchObject({ code: "AccessDenied", operation: "set" });
  });

  describe("after a write has failed", () => {
    const calls: [string, (under: S3BucketMap, bucket: Record<string, string>) => unknown][] = [
      ["get", (_under, bucket) => bucket["a"]],
      ["has", (_under, bucket) => "a" in bucket],
      ["head", (under) => under.head("a")],
      ["a sub-map's get", (under) => under.subMap("").get("a")],
      ["getMany", (under) => under.getMany(["b", "a"])],
      ["keys", (_under, bucket) => Object.keys(bucket)],
      ["list", (under) => [...under.list()]],
      ["entries", (under) => [...under.entries()]],
      ["size", (under) => under.size],
      ["update", (under) => under.update("a", (value) => `${value}!`)],
      ["copy", (under) => under.copy("a", "c")],
      ["rename", (under) => under.rename("a", "c")],
      ["an inner batch's get", (under, bucket) => batch(under.subMap("sub/"), () => bucket["a"])],
    ];
    it.each(calls)("%s does not show the older value, but throws the write's error", (_what, look) => {
      const under = map({ wait });
      const bucket = asObject(under) as Record<string, string>;
      Object.assign(bucket, { a: "old", b: "old" });
      server.fault({ operation: "PUT", key: /a$/, times: 1, action: denied });
      let inside: unknown;
      const error = thrownBy(() =>
        batch(under, () => {
          bucket["b"] = "new";
          bucket["a"] = "new";
          inside = thrownBy(() => look(under, bucket));
          expect(bucket["b"]).toBe("new");
          look(under, bucket);
        }),
      ) as PartialFailureError;
      expect(inside).toMatchObject({
        code: "AccessDenied",
        operation: "set",
        key: expect.stringMatching(/\/a$/) as string,
      });
      expect(error).toBeInstanceOf(PartialFailureError);
      expect([...error.failed.keys()]).toEqual(["a"]);
      expect([error.succeeded, { ...bucket }]).toEqual([["b"], { a: "old", b: "new" }]);
    });

    it("a deletion's key is not shown, and a loop shows no value that was read ahead", () => {
      const under = map({ wait });
      const bucket = asObject(under) as Record<string, string>;
      for (let n = 0; n < 20; n += 1) bucket[`k${n}`] = "old";
      server.fault({ operation: "DELETE", times: 1, action: denied });
      const seen: string[] = [];
      const error = thrownBy(() =>
        batch(under, () => {
          for (const [key] of under.entries()) {
            seen.push(key);
            if (key === "k12") under.delete("k15");
          }
        }),
      );
      expect(error).toMatchObject({ code: "PartialFailure" });
      expect(seen.at(-1)).toBe("k14");
    });

    it("other keys and other prefixes are read as ever", () => {
      const under = map({ wait });
      under.set("x/b", "old");
      server.fault({ operation: "PUT", key: /a$/, times: 1, action: denied });
      const read: unknown[] = [];
      batch(under, () => {
        under.set("a", "new");
        read.push(under.get("x/b"), [...under.keys({ prefix: "x/" })], under.has("c"));
        under.set("a", "newer");
        read.push(under.get("a"));
      });
      expect(read).toEqual(["old", ["x/b"], false, "newer"]);
    });
  });

  it("counts a key by its last write", () => {
    const under = map({ wait });
    server.fault({ operation: "PUT", key: /twice$/, times: 1, action: denied });
    batch(under, () => {
      under.set("twice", "refused");
      under.set("twice", "stored");
    });
    expect(under.get("twice")).toBe("stored");
  });

  it("reads what an inner batch has written after a write of the outer one has failed", () => {
    const under = map({ wait });
    server.fault({ operation: "PUT", key: /a$/, times: 1, action: denied });
    const read: unknown[] = [];
    batch(under, () => {
      under.set("a", "refused");
      batch(under, () => {
        under.set("a", "stored");
        read.push(under.get("a"), under.has("a"), [...under.keys()]);
      });
      read.push(under.get("a"));
    });
    expect(read).toEqual(["stored", true, ["a"], "stored"]);
  });

  it("says that a write may have happened if that is not known and no write can succeed", () => {
    const under = map({ wait });
    const gone = { status: 404, code: "NoSuchBucket" };
    server.fault({ operation: "PUT", key: /a$/, times: 1, action: { reset: "after-apply" } });
    server.fault({ operation: "PUT", key: /a$/, times: Infinity, action: gone });
    const error = thrownBy(() => batch(under, () => under.set("a", "1")));
    expect(error).toMatchObject({
      code: "NoSuchBucket",
      message: expect.stringContaining("may still have happened") as string,
    });
  });

  it("sends writes again once a call has written", () => {
    const under = map({ wait });
    server.fault({
      operation: "PUT",
      key: /a$/,
      times: Infinity,
      action: { status: 404, code: "NoSuchBucket" },
    });
    const error = thrownBy(() =>
      batch(under, () => {
        under.set("a", "1");
        thrownBy(() => under.get("a"));
        under.setMany([["b", "2"]]);
        under.set("c", "3");
      }),
    );
    expect(error).toBeInstanceOf(PartialFailureError);
    expect([...(error as PartialFailureError).failed.keys()]).toEqual(["a"]);
    expect([...under]).toEqual([
      ["b", "2"],
      ["c", "3"],
    ]);
  });

  it("copies over a key whose write has failed if the source is another bucket", () => {
    const under = map({ wait });
    const source = map({ wait }, "other");
    source.set("a", "copied");
    server.fault({ operation: "PUT", key: /a$/, times: 1, action: denied });
    let copied = 0;
    batch(under, () => {
      under.set("a", "refused");
      copied = copyAll(source, under);
    });
    expect(copied).toBe(1);
    expect(under.get("a")).toBe("copied");
  });

  const writing: [string, (to: S3BucketMap, under: S3BucketMap) => unknown][] = [
    ["set in an inner batch", (to) => batch(to, () => to.set("a", "good"))],
    ["setMany", (to) => to.setMany(Object.entries({ a: "good", b: "good" }))],
    ["deleteMany", (to) => to.deleteMany(["a"])],
    ["create", (to) => to.create("a", "good")],
    ["putFile", (to) => to.putFile("a", __filename)],
    ["copy", (_to, under) => under.copy("from/a", "to/a")],
    ["rename", (_to, under) => under.rename("from/a", "to/a")],
    ["copyAll", (to, under) => copyAll(under.subMap("from/"), to)],
    ["copyAll by value", (to) => copyAll(new Map([["a", "good"]]), to)],
  ];
  it.each(writing)("counts a key by its last write, also if it is a call that waits: %s", (_what, write) => {
    const under = map({ wait });
    under.set("from/a", "good");
    server.fault({ operation: "PUT", key: /to\/a$/, times: 1, action: { ...denied, delayMs: 50 } });
    batch(under, () => {
      under.set("to/a", "refused");
      write(under.subMap("to/"), under);
    });
    expect(server.log()).toContainEqual(expect.objectContaining({ status: 403 }));
  });

  it("still names a key that calls have written before, or have not written", () => {
    const under = map({ wait });
    under.set("there", "older");
    server.fault({ operation: "PUT", key: /there$/, times: 1, action: denied });
    server.fault({ operation: "PUT", key: /(a|c)$/, times: Infinity, action: denied });
    const error = thrownBy(() =>
      batch(under, () => {
        for (const key of ["a", "c", "there"]) under.set(key, "refused");
        under.setMany(Object.entries({ b: "good", d: "good" }));
        under.deleteMany(["c"]);
        under.set("c", "refused");
        expect(under.create("there", "exists")).toBe(false);
        expect(under.copy("missing", "there")).toBe(false);
        expect(thrownBy(() => under.setMany([["a", "refused"]]))).toBeInstanceOf(S3BucketMapError);
      }),
    ) as PartialFailureError;
    expect([...error.failed.keys()].sort()).toEqual(["a", "c", "there"]);
    expect(error.succeeded).toEqual([]);
  });

  it("copies nothing that has not been written within the bucket", () => {
    const under = map({ wait });
    under.set("a", "older");
    server.fault({ operation: "PUT", key: /a$/, times: 1, action: denied });
    const errors: unknown[] = [];
    const copies = [() => copyAll(under, map({ wait })), () => under.copy("a", "b")];
    const error = thrownBy(() =>
      batch(under, () => {
        under.set("a", "refused");
        for (const copy of copies) errors.push(thrownBy(copy));
      }),
    );
    expect(errors).toMatchObject(copies.map(() => ({ code: "AccessDenied", operation: "set" })));
    expect(error).toBeInstanceOf(PartialFailureError);
    expect([...under.keys()]).toEqual(["a"]);
  });

  it("waits for what was sent when fn throws, and throws the same", () => {
    const under = map({ wait });
    server.fault({ operation: "PUT", times: Infinity, action: { delayMs: 50 } });
    const mine = new Error("mine");
    const error = thrownBy(() =>
      batch(under, () => {
        under.set("a", "1");
        throw mine;
      }),
    );
    expect(error).toBe(mine);
    expect(server.counts()).toMatchObject({ PUT: 1, total: 1 });
    server.clearFaults();
    expect(under.get("a")).toBe("1");
  });

  it("throws both where fn throws and writes fail", () => {
    const under = map({ wait });
    server.fault({ operation: "PUT", times: Infinity, action: denied });
    const mine = new Error("mine");
    const error = thrownBy(() =>
      batch(under, () => {
        under.set("a", "1");
        throw mine;
      }),
    ) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors[0]).toBe(mine);
    expect(error.errors[1]).toBeInstanceOf(PartialFailureError);
  });

  it("says that fn must be synchronous, once what it wrote is stored", async () => {
    const under = map({ wait });
    let rest: Promise<void> | undefined;
    const error = thrownBy(() =>
      batch(under, () => {
        under.set("a", "1");
        return (rest = Promise.resolve().then(() => void under.set("later", "2")));
      }),
    );
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain("must be synchronous");
    expect(under.get("a")).toBe("1");
    await rest;
    expect(under.get("later")).toBe("2");
  });

  it.each([1, 2])(
    "gives the error itself, and goes no further, where all must fail, %i at once",
    (concurrency) => {
      const under = map({ wait, concurrency });
      const answer = { status: 404, code: "NoSuchBucket", message: "The specified bucket does not exist" };
      server.fault({ operation: "PUT", times: Infinity, action: answer });
      const error = thrownBy(() =>
        batch(under, () => {
          for (let i = 0; i < 100; i += 1) under.set(`key ${i}`, "x");
        }),
      );
      expect(error).toMatchObject({ name: "NoSuchBucketError", code: "NoSuchBucket" });
      expect(server.counts()).toMatchObject({ PUT: concurrency, total: concurrency });
    },
  );

  it("does not take an earlier write to a key for one that is no longer sent", () => {
    const under = map({ wait, concurrency: 2 });
    const answer = { status: 404, code: "NoSuchBucket", message: "The specified bucket does not exist" };
    server.fault({ operation: "PUT", key: /fails$/, times: Infinity, action: answer });
    // The worker loads the SDK for the first failure.
    thrownBy(() => under.set("fails", "first"));
    server.fault({ operation: "PUT", key: /a$/, times: 1, action: { delayMs: 200 } });
    const error = thrownBy(() =>
      batch(under, () => {
        under.set("a", "first");
        for (const key of ["fails", "not sent", "a"]) under.set(key, "last");
      }),
    );
    expect(error).toMatchObject({ code: "NoSuchBucket", operation: "batch" });
    expect(under.get("a")).toBe("first");
  });

  it("may be within another, and is durable when it returns", () => {
    const under = map({ wait });
    server.fault({ operation: "PUT", key: /inner$/, times: Infinity, action: denied });
    batch(under, () => {
      under.set("outer", "1");
      const error = thrownBy(() => batch(under, () => under.set("inner", "2")));
      expect(error).toBeInstanceOf(PartialFailureError);
      expect([...(error as PartialFailureError).failed.keys()]).toEqual(["inner"]);
      under.set("after", "3");
    });
    expect([...under.keys()]).toEqual(["after", "outer"]);
  });

  it("leaves a map that was closed inside closed, and what was sent durable", () => {
    const under = map({ wait });
    const again = under.subMap("");
    const error = thrownBy(() =>
      batch(under, () => {
        under.set("a", "1");
        under.close();
        under.set("b", "2");
      }),
    );
    expect(error).toMatchObject({ code: "Closed" });
    expect([...again.keys()]).toEqual(["a"]);
  });

  it("waits for writes of other maps, and of keys outside, as ever", () => {
    const under = map({ wait });
    const other = map({ wait });
    server.fault({ operation: "PUT", times: Infinity, action: denied });
    batch(under, () => {
      expect(thrownBy(() => other.set("a", "1"))).toBeInstanceOf(S3BucketMapError);
    });
  });

  it("holds for values that cross as bytes", () => {
    const under = map({ wait });
    const long = "ä".repeat(50_000);
    batch(under, () => {
      under.set("long", long);
      under.set("bytes", new Uint8Array([1, 2, 3]));
    });
    expect(under.get("long")).toBe(long);
    expect(under.head("bytes")?.size).toBe(3);
  });
});

describe("batch()", () => {
  it("takes a facade, a map, and nothing else", () => {
    const bucket = asObject(map());
    expect(batch(bucket, () => 1)).toBe(1);
    expect(batch(asMap(bucket), () => 2)).toBe(2);
    const wrong = batch as (map: unknown, fn: unknown) => void;
    for (const none of [undefined, null, 1, "bucket", {}, new Map(), asObject(new Map<string, string>())]) {
      expect(() => wrong(none, () => 0)).toThrow(TypeError);
    }
    expect(() => wrong(bucket, 5)).toThrow(
      "batch requires a bucket object or a map, and a function, not the number 5.",
    );
    expect(server.counts().total).toBe(0);
  });

  it("does not ask a facade that fn returns for its then", () => {
    const bucket = asObject(map());
    expect(batch(bucket, () => bucket)).toBe(bucket);
    expect(server.counts().total).toBe(0);
  });

  it("is over when Ctrl-C has ended its function", () => {
    const under = map();
    const context = vm.createContext({ batch, under, spin: () => {} });
    // As the REPL does it: nothing of the function runs on, no finally either.
    const run = (code: string): unknown => vm.runInContext(code, context, { timeout: 200 });
    expect(() => run("batch(under, () => { under.set('a', '1'); for (;;) spin(); })")).toThrow("timed out");
    server.reset();
    server.fault({ operation: "PUT", times: 1, action: denied });
    expect(thrownBy(() => under.set("b", "2"))).toMatchObject({ code: "AccessDenied" });
  });
});
