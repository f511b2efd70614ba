import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { S3BucketMap } from "../lib/index.js";
import { checkDataFile } from "../lib/local/store/check-data-file.js";
import { HeldDirectory } from "../lib/local/store/held-directory.js";
import { prepareFiles } from "../lib/local/store/prepare-files.js";
import { Store } from "../lib/local/store/store.js";

jest.setTimeout(120_000);

const library = JSON.stringify(path.join(__dirname, "../dist/index.js"));
// What is opened is what was checked only where the system has /proc: elsewhere there is no such promise.
const onLinux = process.platform === "linux" ? it : it.skip;

let parent: string;
let directory: string;
beforeEach(() => {
  parent = fs.mkdtempSync(path.join(tmpdir(), "s3bucketmap-opening-"));
  directory = path.join(parent, "store");
});
afterEach(() => {
  jest.restoreAllMocks();
  fs.rmSync(parent, { recursive: true, force: true });
});

describe("HeldDirectory", () => {
  onLinux.each<[string, () => void]>([
    ["renamed", () => fs.renameSync(directory, `${directory}-old`)],
    [
      "replaced",
      () => {
        fs.renameSync(directory, `${directory}-old`);
        fs.mkdirSync(directory);
      },
    ],
  ])("leads to the directory that was opened after it is %s", (_what, replace) => {
    fs.mkdirSync(directory);
    const held = new HeldDirectory(directory);
    replace();
    fs.writeFileSync(path.join(held.inside, "file"), "text");
    expect(fs.readFileSync(path.join(`${directory}-old`, "file"), "utf8")).toBe("text");
    held.release();
    expect(fs.existsSync(held.inside)).toBe(false);
  });
});

describe("Store", () => {
  // LMDB would make the directory again, or lock by the file of one what is in the other.
  onLinux("opens no directory that its path leads to only after the checks", () => {
    const look = fs.statfsSync;
    jest.spyOn(fs, "statfsSync").mockImplementationOnce((...args: Parameters<typeof fs.statfsSync>) => {
      const answer = look(...args);
      fs.renameSync(directory, `${directory}-old`);
      return answer;
    });
    expect(() => new Store(directory)).toThrow(
      expect.objectContaining({ code: "LocalS3Replaced", reopen: true }) as Error,
    );
    expect(fs.existsSync(directory)).toBe(false);
  });

  it("says that the directory was replaced where it vanishes before the room on its disk is looked at", async () => {
    const store = new Store(directory);
    jest.spyOn(fs, "statfsSync").mockImplementationOnce(() => {
      throw Object.assign(new Error("ENOENT: no such file or directory, statfs"), { code: "ENOENT" });
    });
    const error = await store
      .write(0, (plan) => plan.put(store.buckets, Buffer.from("b"), { created: 1 }))
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "LocalS3Replaced", nothingWritten: true, reopen: true });
    await store.close();
  });
});

describe("prepareFiles()", () => {
  // LMDB would extend a smaller one, with a hole that a full disk cannot fill.
  it("makes a lock file that is large enough for LMDB", async () => {
    fs.mkdirSync(directory);
    const held = new HeldDirectory(directory);
    prepareFiles(held);
    held.release();
    const lockFile = path.join(directory, "lock.mdb");
    const made = fs.statSync(lockFile);
    const store = new Store(directory);
    await store.write(0, (plan) => plan.put(store.buckets, Buffer.from("b"), { created: 1 }));
    expect(fs.statSync(lockFile)).toMatchObject({ size: made.size, ino: made.ino });
    await store.close();
  });
});

describe("checkDataFile()", () => {
  it("does not take a file for damaged that grows while it is read", () => {
    const fill = (from: number): void => {
      const script = `
        const { S3BucketMap } = require(${library});
        const map = new S3BucketMap("bucket", { local: ${JSON.stringify(directory)} });
        for (let n = 0; n < 30; n++) map.set("k" + (${from} + n), "v".repeat(3000));`;
      execFileSync(process.execPath, ["-e", script]);
    };
    const file = path.join(directory, "data.mdb");
    fill(0);
    const before = fs.readFileSync(file);
    fill(100);
    const after = fs.readFileSync(file);
    expect(after.length).toBeGreaterThan(before.length);
    fs.writeFileSync(file, before);
    const read = fs.readSync;
    jest.spyOn(fs, "readSync").mockImplementationOnce((...args: unknown[]) => {
      fs.writeFileSync(file, after);
      return (read as (...given: unknown[]) => number)(...args);
    });
    expect(() => checkDataFile(file, file)).not.toThrow();
  });
});

describe("several processes and threads on a directory that is replaced again and again", () => {
  it("lose no acknowledged write, and are not ended", async () => {
    const stop = path.join(parent, "stop");
    const script = `
      const { Worker, isMainThread } = require("node:worker_threads");
      const { existsSync, writeSync } = require("node:fs");
      const { S3BucketMap } = require(${library});
      if (isMainThread) new Worker(__filename);
      const map = new S3BucketMap("bucket", { local: ${JSON.stringify(directory)} });
      const name = process.pid + (isMainThread ? "a" : "b");
      for (let n = 0; !existsSync(${JSON.stringify(stop)}); n++) {
        let line;
        try { map.set(name + "-" + n, "v"); line = "stored " + name + "-" + n; }
        catch (error) { line = "failed " + error.code; }
        writeSync(1, line + "\\n");
      }`;
    const file = path.join(parent, "writer.js");
    fs.writeFileSync(file, script);
    const stored = new Set<string>();
    const codes = new Set<string>();
    let stderr = "";
    let places = 0;
    const onLine = (line: string): void => {
      const [what, which] = line.split(" ") as [string, string];
      (what === "stored" ? stored : codes).add(which);
      // In the middle of whatever the others do.
      if (places < 12 && stored.size > 4 * places && fs.existsSync(directory))
        fs.renameSync(directory, `${directory}-${places++}`);
      if (places === 12 && stored.size > 60) fs.writeFileSync(stop, "");
    };
    const ends = Array.from({ length: 2 }, async () => {
      const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"] });
      child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
      createInterface(child.stdout).on("line", onLine);
      const [status] = (await once(child, "close")) as [number];
      return status;
    });
    expect(await Promise.all(ends)).toEqual([0, 0]);
    expect(stderr).toBe("");
    expect([...codes].filter((code) => code !== "LocalS3Replaced")).toEqual([]);
    const found = new Set<string>();
    for (const name of fs.readdirSync(parent).filter((entry) => entry.startsWith("store"))) {
      const map = new S3BucketMap("bucket", { local: path.join(parent, name) });
      for (const key of map.keys()) found.add(key);
      map.close();
    }
    expect([...stored].filter((key) => !found.has(key))).toEqual([]);
  });
});
