import { execFileSync } from "node:child_process";
import path from "node:path";
import { open, type RootDatabase } from "lmdb";
import { BodyWriter, sweepPending } from "../../lib/local/body/body-writer.js";
import { CHUNK_SIZE } from "../../lib/local/store/records.js";
import { S3Error } from "../../lib/local/s3-error.js";
import { Store } from "../../lib/local/store/store.js";
import { leftovers, removeDirectories, temporaryDirectory } from "./client";

afterAll(removeDirectories);

/** Changes what a store says of its format, past the store. */
async function changeFormat(
  directory: string,
  change: (root: RootDatabase<Buffer, Buffer>, key: Buffer) => Promise<boolean>,
): Promise<void> {
  const root = open<Buffer, Buffer>({
    path: directory,
    noSubdir: false,
    keyEncoding: "binary",
    encoding: "binary",
  });
  await change(root, Buffer.from("s3bucketmap format"));
  await root.close();
}

describe("Store", () => {
  it("says how to get lmdb where it is missing", () => {
    const script = `
      const Module = require("node:module");
      const load = Module._load;
      Module._load = (name, ...rest) => {
        if (name === "lmdb") throw Object.assign(new Error("Cannot find module 'lmdb'"), { code: "MODULE_NOT_FOUND" });
        return load(name, ...rest);
      };
      const { LocalS3Handler } = require(${JSON.stringify(path.join(__dirname, "../../dist/local/handler.js"))});
      const handler = new LocalS3Handler({ directory: ${JSON.stringify(temporaryDirectory())}, createBuckets: true });
      handler.handle({ method: "GET", path: "/bucket/k", headers: {} }).catch((error) => console.log(error.code, error.message, error.cause.code));`;
    const output = execFileSync(process.execPath, ["-e", script], { encoding: "utf8" });
    expect(output.trim()).toBe(
      "LocalS3Unavailable the optional package lmdb could not be loaded MODULE_NOT_FOUND",
    );
  });

  it("refuses a directory of another format", async () => {
    const directory = temporaryDirectory();
    const store = new Store(directory);
    await store.write(0, (plan) => plan.put(store.buckets, Buffer.from("b"), { created: 0 }));
    await store.close();
    await changeFormat(directory, (root, key) => root.put(key, Buffer.from("99")));
    expect(() => new Store(directory)).toThrow(/format 99 .* reads format 1/);
  });

  it("opens a directory whose first process ended before it wrote anything", async () => {
    const directory = temporaryDirectory();
    const first = new Store(directory);
    await first.close();
    await changeFormat(directory, (root, key) => root.remove(key));
    const second = new Store(directory);
    expect(second.read(() => second.buckets.getCount({}))).toBe(0);
    await second.close();
  });

  it("plans a write anew when what it has read was changed meanwhile", async () => {
    const store = new Store(temporaryDirectory());
    const key = Buffer.from("counter");
    const increment = () =>
      store.write(0, (plan) => {
        const created = (plan.read(store.buckets, key)?.created ?? 0) + 1;
        plan.put(store.buckets, key, { created });
        return created;
      });
    const results = await Promise.all(Array.from({ length: 20 }, increment));
    expect([...results].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    await store.close();
  });

  it("does no other write of a group any harm when one throws", async () => {
    const store = new Store(temporaryDirectory());
    const put = (name: string) =>
      store.write(0, (plan) => plan.put(store.buckets, Buffer.from(name), { created: 1 }));
    const refused = store.write(0, () => {
      throw new S3Error("NoSuchKey");
    });
    const results = await Promise.allSettled([put("a"), refused, put("b")]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(store.read(() => [...store.buckets.getKeys({})].map(String))).toEqual(["a", "b"]);
    await store.close();
  });
});

describe("sweepPending()", () => {
  const pendingOf = (store: Store) => store.read(() => [...store.pending.getRange({})]);
  const begin = async (store: Store) => {
    const writer = new BodyWriter(store);
    await writer.write(Buffer.alloc(9 * CHUNK_SIZE));
    expect(pendingOf(store)).toHaveLength(1);
    return writer;
  };
  const change = (store: Store, id: string, change: object) =>
    store.write(0, (plan) => {
      const key = Buffer.from(id, "hex");
      const record = plan.read(store.pending, key);
      if (record) plan.put(store.pending, key, { ...record, ...change });
    });

  it("leaves a body alone that is being written", async () => {
    const directory = temporaryDirectory();
    const store = new Store(directory);
    await begin(store);
    await sweepPending(store);
    expect(pendingOf(store)).toHaveLength(1);
    await store.close();
  });

  const anHourAgo = Date.now() - 3_600_001;
  it.each([
    ["whose process has ended", { pid: 2 ** 22 + 1 }],
    ["that nothing was added to for an hour, wherever", { host: "elsewhere", active: anHourAgo }],
  ])("removes a body %s, whose writer is then refused", async (_what, changed) => {
    const directory = temporaryDirectory();
    const store = new Store(directory);
    const writer = await begin(store);
    await change(store, writer.id, changed);
    await sweepPending(store);
    expect(pendingOf(store)).toHaveLength(0);
    await expect(store.write(0, (plan) => writer.commit(plan))).rejects.toMatchObject({
      code: "RequestTimeout",
    });
    await store.close();
    expect(await leftovers(directory)).toEqual([]);
  });

  it("leaves a body of another machine's process alone", async () => {
    const store = new Store(temporaryDirectory());
    const writer = await begin(store);
    await change(store, writer.id, { host: "elsewhere", pid: 2 ** 22 + 1 });
    await sweepPending(store);
    expect(pendingOf(store)).toHaveLength(1);
    await store.close();
  });
});
