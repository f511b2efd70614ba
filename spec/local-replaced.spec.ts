import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3BucketMap, asObject, batch } from "../lib/index.js";
import type { BucketObject } from "../lib/index.js";
import { Store } from "../lib/local/store/store.js";

jest.setTimeout(120_000);

let parent: string;
let directory: string;
let maps: S3BucketMap[];
beforeEach(() => {
  parent = fs.mkdtempSync(path.join(tmpdir(), "s3bucketmap-replaced-"));
  directory = path.join(parent, "store");
  maps = [];
});
afterEach(() => {
  for (const map of maps) map.close();
  fs.rmSync(parent, { recursive: true, force: true });
});

function open(wait: "atomics" | "deasync", local = directory): S3BucketMap {
  const map = new S3BucketMap("bucket", { local, wait });
  maps.push(map);
  return map;
}

const ways: [way: string, replace: () => void][] = [
  ["removed", () => fs.rmSync(directory, { recursive: true })],
  ["renamed", () => fs.renameSync(directory, `${directory}-old`)],
  ["emptied", () => fs.readdirSync(directory).forEach((name) => fs.unlinkSync(path.join(directory, name)))],
  [
    "removed and made again",
    () => {
      fs.rmSync(directory, { recursive: true });
      fs.mkdirSync(directory);
    },
  ],
];

const writes: [what: string, write: (map: S3BucketMap, object: BucketObject<string>) => void][] = [
  ["an assignment", (_map, object) => void (object["new"] = "1")],
  ["set", (map) => void map.set("new", "1")],
  ["create", (map) => void map.create("new", "1")],
  ["update", (map) => void map.update("new", () => "1")],
  ["setMany", (map) => void map.setMany([["new", "1"]])],
  ["a batch", (map, object) => batch(map, () => void (object["new"] = "1"))],
  ["set of a long value", (map) => void map.set("new", "1".repeat(17 * 1024 ** 2))],
];

describe.each(["atomics", "deasync"] as const)("with wait: %s", (wait) => {
  describe.each(ways)("a directory that is %s while it is open", (_way, replace) => {
    it.each(writes)("has what %s wrote", (_what, write) => {
      const map = open(wait);
      map.set("old", "0");
      replace();
      write(map, asObject(map));
      // Another directory's name, so that another store is opened.
      fs.renameSync(directory, `${directory}-moved`);
      expect([...open(wait, `${directory}-moved`).keys()]).toEqual(["new"]);
    });

    it("gives what is there now", () => {
      const map = open(wait);
      const object = asObject(map);
      map.set("old", "0");
      replace();
      expect([map.get("old"), map.has("old"), map.head("old"), "old" in object]).toEqual([
        undefined,
        false,
        undefined,
        false,
      ]);
      expect([[...map.keys()], [...map.entries()], Object.keys(object), map.size]).toEqual([[], [], [], 0]);
      expect(map.getMany(["old"]).size).toBe(0);
    });
  });

  it("reads and writes a directory that is put in place of another", () => {
    const other = open(wait, `${directory}-other`);
    other.set("k", "of the other");
    other.close();
    const map = open(wait);
    map.set("k", "of the first");
    fs.renameSync(directory, `${directory}-first`);
    fs.renameSync(`${directory}-other`, directory);
    expect(map.get("k")).toBe("of the other");
    map.delete("k");
    map.clear();
    fs.rmSync(directory, { recursive: true });
    fs.renameSync(`${directory}-first`, directory);
    expect(map.get("k")).toBe("of the first");
  });

  it("follows a symbolic link that is changed", () => {
    fs.mkdirSync(`${directory}-a`);
    fs.mkdirSync(`${directory}-b`);
    fs.symlinkSync(`${directory}-a`, directory);
    const map = open(wait);
    map.set("k", "a");
    fs.unlinkSync(directory);
    fs.symlinkSync(`${directory}-b`, directory);
    expect(map.get("k")).toBeUndefined();
    map.set("k", "b");
    expect([open(wait, `${directory}-a`).get("k"), open(wait, `${directory}-b`).get("k")]).toEqual([
      "a",
      "b",
    ]);
  });

  it.each(["data.mdb", "lock.mdb"])("refuses to go on where only its %s is removed", (name) => {
    const map = open(wait);
    map.set("k", "v");
    fs.unlinkSync(path.join(directory, name));
    expect(() => map.get("k")).toThrow(new RegExp(`LocalS3Replaced: ${name} in .*end the programs`));
    let thrown: { code?: string; message?: string } = {};
    try {
      map.set("k", "w");
    } catch (error) {
      thrown = error as Error;
    }
    expect(thrown.code).toBe("LocalS3Replaced");
    expect(thrown.message).not.toMatch(/may still/);
    // Nor does a map that is new.
    expect(() => open(wait).set("k", "w")).toThrow(/LocalS3(Replaced|Damaged)/);
  });

  it("refuses a data file that is cut while it is open", () => {
    const map = open(wait);
    map.set("k", "v".repeat(100_000));
    fs.truncateSync(path.join(directory, "data.mdb"), 8192);
    expect(() => map.get("k")).toThrow(/LocalS3Damaged: data.mdb in .* was cut/);
    expect(() => map.set("k", "w")).toThrow(/LocalS3Damaged/);
  });
});

describe("Store#write()", () => {
  it("rejects as unknown where the directory is replaced in its middle", async () => {
    const store = new Store(directory);
    const written = store.write(0, (plan) => {
      plan.put(store.buckets, Buffer.from("b"), { created: 1 });
      fs.renameSync(directory, `${directory}-old`);
    });
    const error = await written.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "LocalS3Replaced", nothingWritten: false });
    await store.close();
  });

  it("says that nothing was written where it was replaced before", async () => {
    const store = new Store(directory);
    fs.renameSync(directory, `${directory}-old`);
    const error = await store
      .write(0, (plan) => plan.put(store.buckets, Buffer.from("b"), { created: 1 }))
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "LocalS3Replaced", nothingWritten: true });
    await store.close();
  });
});
