import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import keyvTestSuite from "@keyv/test-suite";
import Keyv from "keyv";
import { S3BucketMap } from "../lib/index.js";
import { KeyvStore } from "./support/keyv-store.js";

// Keyv's own published suite for storage adapters, unchanged, over a small adapter. What of the package is not run:
// - keyvIteratorTests: Keyv iterates only adapters of the databases that it has a list of (`opts.dialect`), and a
//   native Map; for any other store it makes no `iterator`.
// - keyvCompressionTests: they test a compression, over a native Map, and no store.
// Its `.get([keys]) … when expires` makes a Keyv without a store, whatever it is given.

const directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-keyv-"));
afterAll(() => rmSync(directory, { recursive: true }));

const map = new S3BucketMap("bucket", { local: directory });

/** Vitest's functions, as far as the suite uses them, by Jest's: a test is given its `expect`. */
const vitest = {
  beforeEach,
  afterEach,
  it: (name: string, test: (context: { expect: typeof expect }) => unknown) =>
    // Not as a parameter of Jest's function: that would be a callback to wait for.
    it(name, async () => void (await test({ expect }))),
};

describe("Keyv's test suite", () => {
  keyvTestSuite(vitest, Keyv, () => new KeyvStore(map));
});

describe("a Keyv over S3BucketMap", () => {
  it("finds after a new start what it stored, under its namespace", async () => {
    const open = (): Keyv =>
      new Keyv({ store: new KeyvStore(new S3BucketMap("kept", { local: directory })), namespace: "kept" });
    await open().set("user", { name: "Ada" });
    expect(await open().get("user")).toEqual({ name: "Ada" });
    expect([...new S3BucketMap("kept", { local: directory }).keys()]).toEqual(["kept:user"]);
  });
});
