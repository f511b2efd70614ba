import { asObject, at, restore, S3BucketMap } from "../lib/index.js";
import type { ObjectVersion, S3BucketMapError, S3BucketOptions } from "../lib/index.js";
import { cache, encrypt, expire, gzip, json, readonly, text, writeBuffer } from "../lib/layers/index.js";
import { startVersionedService } from "./support/versioned-service.js";
import type { VersionedService } from "./support/versioned-service.js";

let service: VersionedService;
beforeAll(async () => {
  service = await startVersionedService();
});
afterAll(() => service.end());
afterEach(() => service.log());

const credentials = { accessKeyId: "test", secretAccessKey: "secret" };
let maps = 0;

function open<As extends "string" | "bytes" = "string">(
  options: S3BucketOptions<As> & { bucket?: string; endpoint?: string } = {},
): S3BucketMap<As> {
  const { bucket = "kept", endpoint = service.endpoint, ...rest } = options;
  maps += 1;
  const settings = { prefix: `${maps}/`, region: "us-east-1", credentials, ...rest };
  return new S3BucketMap<As>(bucket, { endpoint, ...settings });
}

function thrown(run: () => unknown): S3BucketMapError {
  try {
    run();
  } catch (error) {
    return error as S3BucketMapError;
  }
  throw new Error("nothing was thrown");
}

const kinds = (versions: readonly ObjectVersion[]): string[] =>
  versions.map(
    ({ isDeleteMarker, isLatest }) => `${isDeleteMarker ? "deleted" : "value"}${isLatest ? ", now" : ""}`,
  );

/** When the newest version of a key was stored. */
const timeOf = (map: S3BucketMap<"string" | "bytes">, key: string): Date =>
  map.versions(key)[0]!.lastModified;

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  describe("versions", () => {
    it("are those of the key alone, newest first, with delete markers, for 1 LIST", async () => {
      const map = open({ wait });
      map.set("k", "one");
      map.set("k", "three");
      map.delete("k");
      map.set("k", "2");
      map.set("key", "of another key");
      await service.log();
      const versions = map.versions("k");
      expect(await service.log()).toEqual(["GET versions"]);
      expect(kinds(versions)).toEqual(["value, now", "deleted", "value", "value"]);
      expect(versions.map(({ size }) => size)).toEqual([1, undefined, 5, 3]);
      expect(versions[0]).toEqual({
        versionId: expect.stringMatching(/^id\.\d+$/) as string,
        isLatest: true,
        isDeleteMarker: false,
        lastModified: expect.any(Date) as Date,
        size: 1,
        etag: map.head("k")!.etag,
      });
      expect(versions.map(({ versionId }) => map.get("k", { versionId }))).toEqual([
        "2",
        undefined,
        "three",
        "one",
      ]);
    });

    it("are none of a key that never was, and the bucket is asked once whether it keeps any", async () => {
      const map = open({ wait });
      expect(map.versions("k")).toEqual([]);
      expect(map.versions("k")).toEqual([]);
      expect(await service.log()).toEqual(["GET versions", "GET versioning", "GET versions"]);
    });

    it("of odd keys are found", () => {
      const map = open({ wait });
      for (const key of ["a b+é", "%2F", "x\ny", "..", "&amp;<"]) {
        map.set(key, key);
        expect(map.versions(key).map(({ versionId }) => map.get(key, { versionId }))).toEqual([key]);
      }
    });

    it("are VersioningOff where the bucket keeps none, and the error says how to turn that on", () => {
      const map = open({ wait, bucket: "off" });
      map.set("k", "v");
      const error = thrown(() => map.versions("k"));
      expect(error).toMatchObject({ code: "VersioningOff", bucket: "off" });
      expect(error.message).toMatch(
        /put-bucket-versioning --bucket NAME --versioning-configuration Status=Enabled/,
      );
      expect(thrown(() => map.get("k", { versionId: "id.0" }))).toMatchObject({ code: "VersioningOff" });
      expect(thrown(() => [...at(map, new Date()).keys()])).toMatchObject({ code: "VersioningOff" });
      expect(thrown(() => at(map, new Date()).get("k"))).toMatchObject({ code: "VersioningOff" });
    });

    it("are what they are where nobody may ask whether the bucket keeps them, and where it no longer does", () => {
      for (const bucket of ["denied", "suspended"]) {
        const map = open({ wait, bucket });
        expect(map.versions("k")).toEqual([]);
        map.set("k", "v");
        expect(kinds(map.versions("k"))).toEqual(["value, now"]);
      }
    });

    it("are VersioningOff on the local S3, and nothing is sent", () => {
      const map = new S3BucketMap("local-bucket", { local: "/nowhere/at/all", wait });
      for (const ask of [
        () => map.versions("k"),
        () => map.get("k", { versionId: "1" }),
        () => at(map, new Date()).get("k"),
        () => [...at(map, new Date()).entries()],
      ])
        expect(thrown(ask)).toMatchObject({
          code: "VersioningOff",
          message: expect.stringContaining("the local S3 keeps no versions") as string,
        });
    });
  });

  describe("get with a versionId", () => {
    it("is undefined for a version that is not there, and throws a TypeError for what is no id", async () => {
      const map = open({ wait });
      map.set("k", "v");
      expect(map.get("k", { versionId: "id.0" })).toBeUndefined();
      await service.log();
      for (const options of [
        { versionId: undefined },
        { versionId: "" },
        { versionId: 1 },
        { versionId: "\ud800" },
        { versionID: "x" },
        { version: "x" },
        [],
        "id.1",
      ])
        expect(() => map.get("k", options as object)).toThrow(TypeError);
      expect(await service.log()).toEqual([]);
    });

    it("takes an index beside the key for no option, as from map", () => {
      const map = open({ wait });
      map.set("k", "v");
      expect(["k"].map(map.get.bind(map) as (key: string) => unknown)).toEqual(["v"]);
    });

    it("goes through layers", () => {
      const bytes = open({ wait, readAs: "bytes" });
      const key = Buffer.alloc(32, 7);
      const map = readonly(writeBuffer(cache(json<unknown>(text(gzip(encrypt(bytes, key)))))));
      const writer = writeBuffer(cache(json<unknown>(text(gzip(encrypt(bytes, key))))));
      writer.set("k", { n: 1 });
      writer.flush();
      writer.set("k", { n: 2 });
      // Not yet stored: versions waits for it.
      const versions = writer.versions("k");
      expect(versions.map(({ versionId }) => map.get("k", { versionId }))).toEqual([{ n: 2 }, { n: 1 }]);
      expect(map.versions("k")).toEqual(versions);
    });
  });

  it("a failure is called what the service calls it, also where it is met by a HEAD", () => {
    const map = open({ wait, bucket: "forbidden" });
    map.set("k", "v");
    const [{ versionId, lastModified } = { versionId: "", lastModified: new Date() }] = map.versions("k");
    for (const use of [
      () => map.get("k", { versionId }),
      () => restore(map, "k", versionId),
      () => at(map, lastModified).head("k"),
    ])
      expect(thrown(use)).toMatchObject({ code: "AccessDenied", statusCode: 403 });
  });

  describe("restore", () => {
    it("makes a version the newest again, with its headers, for 1 HEAD and 1 CopyObject", async () => {
      const map = open({ wait });
      map.set("k+ k", "one", { contentType: "text/x-one", metadata: { a: "b" } });
      map.set("k+ k", "two");
      map.delete("k+ k");
      const [, , first] = map.versions("k+ k");
      await service.log();
      restore(map, "k+ k", first!.versionId);
      expect(await service.log()).toEqual(["HEAD object", "COPY object"]);
      expect(map.get("k+ k")).toBe("one");
      expect(map.head("k+ k")).toMatchObject({ contentType: "text/x-one", metadata: { a: "b" } });
      expect(kinds(map.versions("k+ k"))).toEqual(["value, now", "deleted", "value", "value"]);
    });

    it("does not copy the ids of conditional writes", () => {
      const map = open({ wait });
      map.set("k", "one", { metadata: { a: "b" } });
      const { versionId } = map.versions("k")[0]!;
      map.set("k", "two");
      restore(asObject(map), "k", versionId);
      expect(map.head("k")!.metadata).toEqual({ a: "b" });
    });

    it("is seen through layers, and comes after what was written before", () => {
      const map = writeBuffer(cache(json<unknown>(open({ wait })), { ttl: 60_000 }));
      map.set("k", 1);
      map.flush();
      const { versionId } = map.versions("k")[0]!;
      map.set("k", 2);
      expect(map.get("k")).toBe(2);
      restore(map, "k", versionId);
      map.flush();
      expect(map.get("k")).toBe(1);
    });

    it("throws, and writes nothing, where there is no such version or no value in it", async () => {
      const map = open({ wait });
      map.set("k", "v");
      map.delete("k");
      const [marker] = map.versions("k");
      await service.log();
      for (const versionId of ["id.0", marker!.versionId])
        expect(thrown(() => restore(map, "k", versionId))).toMatchObject({
          code: "NoSuchVersion",
          key: `${maps}/k`,
        });
      expect(thrown(() => restore(open({ wait, bucket: "off" }), "k", "id.1"))).toMatchObject({
        code: "VersioningOff",
      });
      const local = new S3BucketMap("local-bucket", { local: "/nowhere/at/all", wait });
      expect(thrown(() => restore(local, "k", "id.1"))).toMatchObject({ code: "VersioningOff" });
      expect(() => restore(readonly(map), "k", "id.1")).toThrow(/read-only: it does not support restore/);
      expect(() => restore(at(map, new Date()), "k", "id.1")).toThrow(
        /read-only: it does not support restore/,
      );
      for (const [given, key, id] of [
        [map, "k", ""],
        [map, "k", 1],
        [map, "\ud800", "id.1"],
        [{}, "k", "id.1"],
        [new Map(), "k", "id.1"],
      ])
        // prettier-ignore
        expect(() => restore(given as object, key as string, id as string)).toThrow(TypeError);
      expect((await service.log()).filter((asked) => asked.startsWith("COPY"))).toEqual([]);
    });
  });

  describe("at", () => {
    it("gives all keys as they were, by every method that reads", async () => {
      const map = open({ wait });
      map.set("a", "1");
      map.set("b", "1");
      map.set("dir/c", "1");
      map.set("dir/d", "1");
      map.set("gone", "1");
      map.delete("gone");
      const then = new Date(map.versions("gone")[0]!.lastModified);
      map.set("a", "2");
      map.delete("b");
      map.set("e", "2");
      map.set("gone", "2");
      const past = at(map, then);
      const expected = [
        ["a", "1"],
        ["b", "1"],
        ["dir/c", "1"],
        ["dir/d", "1"],
      ];
      await service.log();
      expect([...past]).toEqual(expected);
      expect((await service.log()).sort()).toEqual([...Array<string>(4).fill("GET object"), "GET versions"]);
      expect([...past.keys()]).toEqual(expected.map(([key]) => key));
      expect(past.size).toBe(4);
      expect([past.get("a"), past.get("b"), past.get("e"), past.get("gone")]).toEqual([
        "1",
        "1",
        undefined,
        undefined,
      ]);
      expect([past.has("b"), past.has("e"), past.has("gone")]).toEqual([true, false, false]);
      expect(past.getMany(["a", "e", "b"])).toEqual(new Map([["a", "1"], ["b", "1"]])); // prettier-ignore
      expect(past.head("b")).toMatchObject({ size: 1, contentType: "text/plain; charset=utf-8" });
      expect(past.head("e")).toBeUndefined();
      const listed = (options?: object): unknown[] =>
        [...past.list(options)].map(({ key, prefix }) => key ?? [prefix]);
      expect(listed({ delimiter: "/" })).toEqual(["a", "b", ["dir/"]]);
      expect(listed({ delimiter: "/", limit: 3, startAfter: "a" })).toEqual(["b", ["dir/"]]);
      expect(listed({ prefix: "dir/", startAfter: "dir/c" })).toEqual(["dir/d"]);
      expect([...past.keys({ limit: 2 })]).toEqual(["a", "b"]);
      expect([...past.subMap("dir/")]).toEqual([["c", "1"], ["d", "1"]]); // prettier-ignore
      const seen: unknown[] = [];
      past.forEach((value, key) => seen.push([key, value]));
      expect(seen).toEqual(expected);
      expect({ ...asObject(past) }).toEqual(Object.fromEntries(expected));
      expect(JSON.stringify(asObject(past))).toBe(JSON.stringify(Object.fromEntries(expected)));
      expect("e" in asObject(past)).toBe(false);
      expect(kinds(past.versions("gone"))).toEqual(["deleted", "value"]);
      expect([...at(map, new Date(0))]).toEqual([]);
      expect([...at(past, new Date())]).toEqual(expected);
    });

    it("refuses every write, and nothing is sent", async () => {
      const past = at(open({ wait }), new Date());
      for (const write of [
        () => past.set("k", "v"),
        () => past.setMany([["k", "v"]]),
        () => past.create("k", "v"),
        () => past.delete("k"),
        () => past.deleteMany(["k"]),
        () => past.clear(),
        () => past.update("k", () => "v"),
        () => past.subMap("x").set("k", "v"),
        () => (asObject(past)["k"] = "v"),
      ])
        expect(write).toThrow(
          /This map is read-only: it does not support \w+\. Write through the base map of at\./,
        );
      expect(await service.log()).toEqual([]);
    });

    it("gives no link, which would lead to what the key has now", () => {
      expect(() => at(open({ wait }), new Date()).url("k")).toThrow(
        /^at does not support url, because a link leads to/,
      );
    });

    it("decodes by the layers under it, and a value that cannot be read ends a loop only when it is reached", () => {
      const map = open({ wait });
      for (const key of ["a", "b", "c"]) map.set(key, JSON.stringify({ key }));
      map.set("d", "no JSON");
      const past = at(json<unknown>(map), timeOf(map, "d"));
      expect(past.get("b")).toEqual({ key: "b" });
      const read: unknown[] = [];
      const error = thrown(() => past.forEach((value) => read.push(value)));
      expect(read).toEqual([{ key: "a" }, { key: "b" }, { key: "c" }]);
      expect(error.code).toBe("NotJson");
      const entries: unknown[] = [];
      expect(thrown(() => { for (const [, value] of past) entries.push(value); }).code).toBe("NotJson"); // prettier-ignore
      expect(entries).toEqual(read);
    });
  });
});

it("expire over at reads what the bucket had", () => {
  const map = open();
  map.set("k", "old");
  const past = expire(at(map, timeOf(map, "k")), 1e12);
  map.set("k", "new");
  expect([past.get("k"), past.has("k"), [...past], [...past.getMany(["k"])]]).toEqual([
    "old",
    true,
    [["k", "old"]],
    [["k", "old"]],
  ]);
  expect(expire(at(map, new Date("2030-01-01")), 1).get("k")).toBeUndefined();
});

describe("a long list of versions", () => {
  it.each(["begins with the marker", undefined] as const)(
    "is read page by page where the service %s",
    async (oddity) => {
      const paged = await startVersionedService({ pageSize: 3, ...(oddity === undefined ? {} : { oddity }) });
      try {
        const map = open({ endpoint: paged.endpoint });
        for (let n = 0; n < 8; n += 1) map.set("a+b", String(n));
        map.setMany(["c", "d", "e"].map((key) => [key, key]));
        const values = map.versions("a+b").map(({ versionId }) => map.get("a+b", { versionId }));
        expect(values).toEqual(["7", "6", "5", "4", "3", "2", "1", "0"]);
        expect([...at(map, new Date("2030-01-01")).entries()]).toEqual([
          ["a+b", "7"],
          ["c", "c"],
          ["d", "d"],
          ["e", "e"],
        ]);
      } finally {
        await paged.end();
      }
    },
  );

  it("is BadListing where the service gives the same page for ever", async () => {
    const stuck = await startVersionedService({ pageSize: 3, oddity: "ignores the marker" });
    try {
      const map = open({ endpoint: stuck.endpoint });
      for (let n = 0; n < 5; n += 1) map.set("k", String(n));
      expect(thrown(() => map.versions("k"))).toMatchObject({ code: "BadListing" });
      map.set("z", "");
      expect(thrown(() => at(map, new Date()).size)).toMatchObject({ code: "BadListing" });
    } finally {
      await stuck.end();
    }
  });

  const deleted = (map: S3BucketMap): unknown => map.set("k", "milk").set("k", "bread").delete("k");
  const writtenAgain = (map: S3BucketMap): unknown =>
    map.set("k", "milk").delete("k") && map.set("k", "bread");
  it.each([
    ["versions first", "was deleted", deleted],
    ["versions first", "was written again", writtenAgain],
    ["markers first", "was written again", writtenAgain],
    ["oldest first", "was deleted", deleted],
    ["oldest first", "was written again", writtenAgain],
  ] as const)("is BadListing where a service lists %s, and the key %s", async (oddity, _what, write) => {
    const odd = await startVersionedService({ oddity });
    try {
      const map = open({ endpoint: odd.endpoint });
      write(map);
      const past = at(map, new Date("2030-01-01"));
      for (const use of [() => map.versions("k"), () => past.get("k"), () => [...past.keys()]])
        expect(thrown(use).code).toBe("BadListing");
    } finally {
      await odd.end();
    }
  });

  it("is BadAnswer where the service knows no versions, and no value of now is given for an older one", async () => {
    const ignorant = await startVersionedService({ oddity: "knows no versions" });
    try {
      const map = open({ endpoint: ignorant.endpoint });
      map.set("k", "v");
      expect(thrown(() => map.versions("k"))).toMatchObject({ code: "BadAnswer" });
      expect(thrown(() => map.get("k", { versionId: "id.0" }))).toMatchObject({ code: "BadAnswer" });
      const off = open({ endpoint: ignorant.endpoint, bucket: "off" });
      off.set("k", "v");
      expect(thrown(() => off.versions("k"))).toMatchObject({ code: "VersioningOff" });
      expect(thrown(() => off.get("k", { versionId: "id.0" }))).toMatchObject({ code: "VersioningOff" });
    } finally {
      await ignorant.end();
    }
  });
});

it("at takes a map and a date", () => {
  const map = open();
  for (const date of [undefined, 0, "2026-01-01", new Date(NaN), {}])
    expect(() => at(map, date as Date)).toThrow(/^at requires a date, such as/);
  expect(() => at({} as never, new Date())).toThrow(TypeError);
  expect(() => at(new Map() as never, new Date())).toThrow(TypeError);
});
