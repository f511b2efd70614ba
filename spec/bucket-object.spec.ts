import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import repl from "node:repl";
import { PassThrough } from "node:stream";
import { inspect } from "node:util";
import { asMap, asObject, s3Bucket, S3BucketMap } from "../lib/index.js";
import type { BucketObject } from "../lib/index.js";

// What the random programs of bucket-object.property.spec.ts do not say: where a facade differs from a plain
// object on purpose, in which words, and how it shows itself.

const directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-facade-"));
afterAll(() => rmSync(directory, { recursive: true }));

let count = 0;
let map: S3BucketMap;
let bucket: BucketObject<string>;
beforeEach(() => {
  map = new S3BucketMap("bucket", { local: directory, prefix: `${count++}/` });
  bucket = asObject(map);
});

describe("what S3 cannot be", () => {
  it.each<[string, (object: object) => unknown, string]>([
    ["frozen", (object) => Object.freeze(object), "Make a copy, such as { ...bucket }, and freeze that."],
    ["sealed", (object) => Object.seal(object), "other programs may write to the bucket"],
    [
      "closed to new keys",
      (object) => Object.preventExtensions(object),
      "other programs may write to the bucket",
    ],
    [
      "given a prototype",
      (object) => Object.setPrototypeOf(object, {}) as unknown,
      "each of its properties is a key",
    ],
    [
      "given a getter",
      (object) =>
        Object.defineProperty(object, "a", { get: () => "1", enumerable: true, configurable: true }),
      'S3 cannot store "a" as a getter or setter.',
    ],
    [
      "given a hidden property",
      (object) =>
        Object.defineProperty(object, "a", {
          value: "1",
          writable: true,
          configurable: true,
          enumerable: false,
        }),
      'S3 cannot store "a" as a property that is not enumerable.',
    ],
    [
      "given a constant",
      (object) => Object.defineProperty(object, "a", { value: "1", writable: false }),
      'S3 cannot store "a" as a property that is not writable.',
    ],
    [
      "given one that stays",
      (object) => Object.defineProperty(object, "a", { value: "1", configurable: false }),
      'S3 cannot store "a" as a property that is not configurable.',
    ],
    [
      "given a property by half a description",
      (object) => Object.defineProperty(object, "a", { value: "1" }),
      'S3 cannot store "a" as a property that is not enumerable, writable and configurable.',
    ],
  ])("a bucket cannot be %s: a TypeError says why, and nothing changes", (_what, use, why) => {
    bucket["b"] = "kept";
    expect(() => use(bucket)).toThrow(TypeError);
    expect(() => use(bucket)).toThrow(why);
    expect(Object.isExtensible(bucket)).toBe(true);
    expect(Object.isFrozen(bucket)).toBe(false);
    expect(Object.getPrototypeOf(bucket)).toBeNull();
    expect({ ...bucket }).toEqual({ b: "kept" });
  });
});

describe("a receiver that is not the facade", () => {
  it("reads through, and keeps what is written to it", () => {
    bucket["a"] = "stored";
    const child = Object.create(bucket) as BucketObject<string>;
    expect([child["a"], "a" in child, Object.hasOwn(child, "a")]).toEqual(["stored", true, false]);
    child["a"] = "own";
    child["b"] = "own";
    expect({ ...child }).toEqual({ a: "own", b: "own" });
    expect({ ...bucket }).toEqual({ a: "stored" });
    delete child["a"];
    expect(child["a"]).toBe("stored");
  });

  it("is a class's instance, too, whose prototype it is", () => {
    class Settings {
      declare color?: string;
      size = "large";
    }
    Object.setPrototypeOf(Settings.prototype, bucket);
    bucket["color"] = "blue";
    const settings = new Settings();
    expect([settings.color, settings.size]).toEqual(["blue", "large"]);
    settings.color = "red";
    expect([settings.color, bucket["color"], bucket["size"]]).toEqual(["red", "blue", undefined]);
  });
});

describe("for…in", () => {
  it("leaves out keys that its body deletes, visits each once, and need not visit those it adds", () => {
    Object.assign(bucket, { a: "1", b: "2", c: "3", d: "4" });
    const seen: string[] = [];
    for (const key in bucket) {
      seen.push(key);
      if (key === "a") delete bucket["c"];
      bucket[`${key} more`] = "added";
      bucket[key] = "changed";
    }
    expect(seen).toEqual(["a", "b", "d"]);
    expect(Object.keys(bucket)).toEqual(["a", "a more", "b", "b more", "d", "d more"]);
  });
});

describe("a copy of its descriptors", () => {
  it("stays live, as docs/objects-and-maps.md says", () => {
    bucket["a"] = "1";
    const live = Object.defineProperties({}, Object.getOwnPropertyDescriptors(bucket)) as { a?: string };
    bucket["a"] = "2";
    expect(live.a).toBe("2");
    live.a = "3";
    expect(bucket["a"]).toBe("3");
  });
});

describe("how it shows itself", () => {
  // Answers no one: what needed a request would throw.
  const options = {
    endpoint: "http://127.0.0.1:9",
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "very-secret", sessionToken: "a-token" },
    prefix: "pre/fix/",
    timeoutMs: 1000,
  };
  const shown = "S3 bucket object over S3BucketMap { s3://acme/pre/fix/ at http://127.0.0.1:9 }";
  const secret = /AKIDEXAMPLE|very-secret|a-token/;
  let silent: BucketObject<string>;
  beforeEach(() => {
    silent = s3Bucket("acme", options);
  });

  it("util.inspect says where it points, without a request", () => {
    expect(inspect(silent)).toBe(shown);
    expect(inspect({ nested: [silent] }, { depth: 4, compact: true, breakLength: Infinity })).toBe(
      `{ nested: [ ${shown} ] }`,
    );
    expect(inspect(asMap(silent))).toBe("S3BucketMap { s3://acme/pre/fix/ at http://127.0.0.1:9 }");
  });

  it("String and Object.prototype.toString are short, without a request", () => {
    expect(String(silent)).toBe("[object S3Bucket]");
    expect(`${silent as unknown as string}`).toBe("[object S3Bucket]");
    expect(Object.prototype.toString.call(silent)).toBe("[object Object]");
    expect(Object.prototype.toString.call(asMap(silent))).toBe("[object S3BucketMap]");
    expect(Number(silent)).toBeNaN();
  });

  it("shows no secret to those who look behind it", () => {
    const all = { showProxy: true, showHidden: true, depth: Infinity, customInspect: false };
    expect(inspect(silent, all)).toMatch(/^Proxy/);
    for (const text of [
      inspect(silent, all),
      inspect(asMap(silent), { ...all, getters: true }),
      inspect(silent),
    ]) {
      expect(text).not.toMatch(secret);
    }
  });

  it("is echoed in the REPL without a request or a secret", async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    const server = repl.start({ input, output, prompt: "> ", terminal: false });
    server.context["bucket"] = silent;
    let text = "";
    output.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const ended = new Promise((resolve) => server.once("exit", resolve));
    input.end("bucket\n'the end'\n");
    await ended;
    expect(text).toContain("Proxy");
    expect(text).toContain("'the end'");
    expect(text).not.toMatch(secret);
    expect(text).not.toContain("NetworkError");
    expect(text.length).toBeLessThan(500);
  });
});

describe("asObject and asMap", () => {
  it("give one facade per map, and its map", () => {
    expect(asObject(map)).toBe(bucket);
    expect(asMap(bucket)).toBe(map);
    expect(asObject(map.subMap(""))).not.toBe(bucket);
  });

  it("take a native Map, whose every use is then its own", () => {
    const native = new Map([
      ["b", "2"],
      ["a", "1"],
    ]);
    const object = asObject(native);
    expect({ ...object }).toEqual({ a: "1", b: "2" });
    expect(Object.keys(object)).toEqual(["b", "a"]);
    object["c"] = "3";
    delete object["a"];
    expect([...native]).toEqual([
      ["b", "2"],
      ["c", "3"],
    ]);
    expect(asMap(object)).toBe(native);
  });

  it("refuse what is no map, or no facade, and say what was given", () => {
    expect(() => asObject(null as never)).toThrow("asObject requires a map, not null.");
    expect(() => asObject({} as never)).toThrow("this object has no method get");
    expect(() => asObject(bucket as never)).toThrow("this is already a bucket object");
    expect(() => asMap({ ...bucket })).toThrow("asMap requires a bucket object (from s3Bucket or asObject)");
    expect(() => asMap(undefined as never)).toThrow("not undefined");
    expect(() => asMap(map as never)).toThrow(TypeError);
  });
});
