import fs from "node:fs";
import path from "node:path";
import { asMap, asObject, at, batch, S3BucketMap } from "../../lib/index.js";
import type { FileMap, SyncMap } from "../../lib/index.js";
import {
  cache,
  encrypt,
  expire,
  gzip,
  json,
  live,
  readonly,
  structured,
  text,
  transform,
  validate,
  writeBuffer,
} from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { anyString, layerNames, secret } from "../support/layer-stacks.js";

// What layers make of putFile and getFile, which go past values.

let server: HttpS3;
let folder: string;
let strings: S3BucketMap;
let bytes: S3BucketMap<"bytes">;
let prefixes = 0;
beforeAll(async () => {
  server = await startHttpS3();
  folder = fs.mkdtempSync(path.join(server.directory, "files-"));
});
afterAll(() => server.close());
beforeEach(() => {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const prefix = `${(prefixes += 1)}/`;
  const reach = { endpoint: server.endpoint, region: "us-east-1", credentials, prefix };
  strings = new S3BucketMap("bucket", reach);
  bytes = new S3BucketMap("bucket", { ...reach, readAs: "bytes" });
  server.reset();
});
afterEach(() => server.clearFaults());

function file(content: string): string {
  const name = path.join(folder, `source ${Math.random()}`);
  fs.writeFileSync(name, content);
  return name;
}
const target = (): string => path.join(folder, `target ${Math.random()}`);
const read = (name: string): string => fs.readFileSync(name, "utf8");

/** Those of one layer have its name. */
const changing: Record<string, () => SyncMap<never>> = {
  json: () => json(strings) as SyncMap<never>,
  structured: () => structured(bytes) as SyncMap<never>,
  text: () => text(bytes) as SyncMap<never>,
  gzip: () => gzip(bytes) as SyncMap<never>,
  encrypt: () => encrypt(bytes, secret) as SyncMap<never>,
  validate: () => validate(strings, anyString) as SyncMap<never>,
  expire: () => expire(strings, 1000) as SyncMap<never>,
  live: () => live(json(strings)) as SyncMap<never>,
  own: () =>
    transform(strings, {
      name: "own",
      encode: (value: string) => value,
      decode: (stored) => stored,
    }) as SyncMap<never>,
};
const around: Record<string, (map: SyncMap<never>) => FileMap<never>> = {
  alone: (map) => map as FileMap<never>,
  "under cache": (map) => cache(map, { ttl: 1000 }),
  "under readonly and cache": (map) => readonly(cache(map, { ttl: 1000 })),
  "under writeBuffer": (map) => writeBuffer(map),
};

it("every layer is here, or has its own word on files below", () => {
  const own = ["cache", "readonly", "transform", "writeBuffer"];
  expect([...Object.keys(changing), ...own]).toEqual(expect.arrayContaining([...layerNames]));
});

describe.each(Object.keys(changing))("%s", (layer) => {
  it.each(Object.keys(around))("refuses files, %s, and sends nothing", (how) => {
    if (layer === "structured" && how.includes("cache")) return;
    if (layer === "own" && how.includes("cache")) return;
    if (layer === "live" && how !== "alone") return;
    const map = around[how]!(changing[layer]!());
    const words = new RegExp(
      `${how.includes("readonly") ? "read-only: it does not support putFile" : `putFile copies the bytes of a file unchanged, but ${layer} changes values`}`,
    );
    expect(() => map.putFile("key", file("new"))).toThrow(words);
    expect(() => map.getFile("key", target())).toThrow(/getFile copies the bytes of a file unchanged/);
    expect(() => map.subMap("a").getFile("key", target())).toThrow(TypeError);
    expect(server.counts().total).toBe(0);
  });
});

describe("readonly", () => {
  it("refuses putFile, and passes getFile on", () => {
    strings.set("key", "value");
    server.reset();
    const map = readonly(strings);
    expect(() => map.putFile("key", file("new"))).toThrow(
      "This map is read-only: it does not support putFile. Write through the base map of readonly.",
    );
    expect(server.counts().total).toBe(0);
    const to = target();
    expect(map.getFile("key", to)).toBe(true);
    expect(map.subMap("k").getFile("ey", to)).toBe(true);
    expect(read(to)).toBe("value");
    expect(map.getFile("missing", to)).toBe(false);
  });
});

describe("at", () => {
  it("refuses files: they would be of now", () => {
    const map = at(strings, new Date()) as FileMap<string>;
    expect(() => map.getFile("key", target())).toThrow(/current value of the key, not the past one/);
    expect(() => map.putFile("key", file("new"))).toThrow(/read-only: it does not support putFile/);
    expect(server.counts().total).toBe(0);
  });
});

describe("cache", () => {
  it("forgets what a file replaces, also where that fails", () => {
    const map = cache(strings, { ttl: Infinity });
    map.set("key", "old");
    expect(map.get("key")).toBe("old");
    expect(map.putFile("key", file("new"))).toBe(map);
    expect(map.get("key")).toBe("new");
    map.subMap("k").putFile("ey", file("newer"));
    expect(map.get("key")).toBe("newer");

    server.fault({ operation: "PutObject", times: 9, action: { reset: "after-apply" } });
    expect(() => map.putFile("key", file("newest"))).toThrow(/may still have happened/);
    server.clearFaults();
    expect(map.get("key")).toBe("newest");
  });

  it("forgets that a key is missing", () => {
    const map = cache(strings, { ttl: Infinity });
    expect(map.get("key")).toBeUndefined();
    map.putFile("key", file("new"));
    expect(map.get("key")).toBe("new");
  });

  it("gives a file what is stored, by one GET", () => {
    const map = cache(strings, { ttl: Infinity });
    map.set("key", "old");
    strings.set("key", "new");
    server.reset();
    const to = target();
    expect(map.getFile("key", to)).toBe(true);
    expect(read(to)).toBe("new");
    expect(server.counts()).toMatchObject({ total: 1, GET: 1 });
  });
});

describe("writeBuffer", () => {
  it("stores a file after what is buffered", () => {
    const map = writeBuffer(strings);
    for (const turn of ["1", "2", "3"]) map.set("key", turn);
    expect(map.putFile("key", file("file"))).toBe(map);
    expect(strings.get("key")).toBe("file");
    map.set("key", "after");
    map.flush();
    expect(strings.get("key")).toBe("after");
  });

  it("writes a key before a file is made of it", () => {
    const map = writeBuffer(strings);
    const to = target();
    map.set("key", "1").set("key", "2");
    expect(map.getFile("key", to)).toBe(true);
    expect(read(to)).toBe("2");
    map.delete("key");
    expect(map.getFile("key", to)).toBe(false);
  });

  it("stores no file where what was buffered failed", () => {
    const map = writeBuffer(strings);
    server.fault({ operation: "PutObject", times: 3, action: { status: 403, code: "AccessDenied" } });
    map.set("other", "1");
    expect(() => map.putFile("key", file("file"))).toThrow(/Of 1 writes in the buffer/);
    expect(strings.has("key")).toBe(false);
  });

  it("goes over a cache, and under one", () => {
    const map = writeBuffer(cache(strings, { ttl: Infinity }));
    map.set("key", "old");
    map.flush();
    expect(map.get("key")).toBe("old");
    map.putFile("key", file("new"));
    expect(map.get("key")).toBe("new");
    const to = target();
    expect(readonly(cache(map)).getFile("key", to)).toBe(true);
    expect(read(to)).toBe("new");
  });
});

describe("files in a batch, and beside the object", () => {
  it("come in the order of the program", () => {
    const bucket = asObject(strings);
    const to = target();
    batch(bucket, () => {
      bucket["key"] = "first";
      strings.putFile("key", file("second"));
      bucket["key"] = "third";
      strings.getFile("key", to);
    });
    expect(read(to)).toBe("third");
    expect(bucket["key"]).toBe("third");
  });

  it("are seen by the listing of the object", () => {
    const bucket = asObject(strings);
    strings.putFile("a", file("1"));
    expect(Object.keys(bucket)).toEqual(["a"]);
    strings.putFile("b", file("2"));
    expect({ ...bucket }).toEqual({ a: "1", b: "2" });
    // What was read ahead of it is not used.
    const seen: string[] = [];
    for (const key in bucket) {
      if (key === "a") strings.putFile("b", file("3"));
      seen.push(bucket[key]!);
    }
    expect(seen).toEqual(["1", "3"]);
    expect(asMap(bucket).size).toBe(2);
  });

  it("need an S3BucketMap at the bottom", () => {
    const map = cache(new Proxied() as unknown as SyncMap<string>, { ttl: 1 });
    expect(() => map.putFile("key", "a")).toThrow(/putFile needs layers over an S3BucketMap/);
    expect(() => map.getFile("key", "a")).toThrow(/getFile needs layers over an S3BucketMap/);
  });
});

/** A map of somebody else's, without files. */
class Proxied {
  get(): undefined {}
}
for (const name of [
  ..."set has delete clear keys values entries forEach getMany setMany deleteMany".split(" "),
  ..."head list create update subMap close".split(" "),
])
  Object.defineProperty(Proxied.prototype, name, { value: () => undefined });
