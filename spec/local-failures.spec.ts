import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { open } from "lmdb";
import { S3BucketMap } from "../lib/index.js";

const isRoot = process.getuid?.() === 0 && process.platform === "linux";
jest.setTimeout(120_000);

let parent: string;
let directory: string;
beforeEach(() => {
  parent = fs.mkdtempSync(path.join(tmpdir(), "s3bucketmap-failures-"));
  directory = path.join(parent, "store");
});
afterEach(() => {
  fs.rmSync(parent, { recursive: true, force: true });
});

interface Outcome {
  value?: unknown;
  code?: string;
  message?: string;
}

/** In a process of their own: what goes wrong natively ends the process. */
function calls(wait = "atomics", ...more: string[]): Record<string, Outcome> {
  const { stdout, stderr, status, signal } = spawnSync(
    process.execPath,
    [path.join(__dirname, "fixtures/local-calls.js"), directory, wait, ...more],
    { encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "" } },
  );
  expect({ stderr, status, signal }).toEqual({ stderr: "", status: 0, signal: null });
  return JSON.parse(stdout) as Record<string, Outcome>;
}

function codesOf(outcomes: Record<string, Outcome>): string[] {
  return [...new Set(Object.values(outcomes).map(({ code = "none" }) => code))];
}

/** Some keys, by a process that has ended. */
function fill(): void {
  const script = `
    const { S3BucketMap } = require(${JSON.stringify(path.join(__dirname, "../dist/index.js"))});
    const map = new S3BucketMap("bucket", { local: ${JSON.stringify(directory)} });
    for (let n = 0; n < 50; n++) map.set("k" + n, "v".repeat(3000));`;
  execFileSync(process.execPath, ["-e", script]);
}

const dataFile = (): string => path.join(directory, "data.mdb");

function change(position: number, bytes: Buffer): void {
  const file = fs.openSync(dataFile(), "r+");
  fs.writeSync(file, bytes, 0, bytes.length, position);
  fs.closeSync(file);
}

const failures: [what: string, code: string, words: RegExp, spoil: () => void][] = [
  [
    "a file in place of the directory",
    "LocalS3NotADirectory",
    /move the file away/,
    () => fs.writeFileSync(directory, ""),
  ],
  [
    "a file in place of its parent",
    "LocalS3NotADirectory",
    /not a directory/,
    () => {
      fs.writeFileSync(directory, "");
      directory = path.join(directory, "in", "it");
    },
  ],
  [
    "a symbolic link that leads nowhere",
    "LocalS3BadPath",
    /leads nowhere/,
    () => fs.symlinkSync("nowhere", directory),
  ],
  [
    "symbolic links in a circle",
    "LocalS3BadPath",
    /too many symbolic links/,
    () => fs.symlinkSync("store", directory),
  ],
  [
    "a path that is too long",
    "LocalS3BadPath",
    /too long/,
    () => void (directory = path.join(parent, "x".repeat(300))),
  ],
  [
    "a data file of random bytes",
    "LocalS3Damaged",
    /no head/,
    () => (fill(), fs.writeFileSync(dataFile(), Buffer.alloc(99_999, 7))),
  ],
  [
    "a data file that is cut",
    "LocalS3Damaged",
    /Restore the whole directory/,
    () => (fill(), fs.truncateSync(dataFile(), 20_000)),
  ],
  [
    "a data file of one byte",
    "LocalS3Damaged",
    /ends before/,
    () => (fill(), fs.truncateSync(dataFile(), 1)),
  ],
  [
    "a second head of zeros",
    "LocalS3Damaged",
    /no head at 4096/,
    () => (fill(), change(4096, Buffer.alloc(4096))),
  ],
  [
    "pages of zeros",
    "LocalS3Damaged",
    /page \d+ is damaged/,
    () => (fill(), change(8192, Buffer.alloc(400 * 4096))),
  ],
  [
    "pages of random bytes",
    "LocalS3Damaged",
    /page \d+ is damaged/,
    () => (fill(), change(8192, Buffer.alloc(400 * 4096, 0xa5))),
  ],
  [
    "a lock file that is a directory",
    "LocalS3Damaged",
    /without its data/,
    () => fs.mkdirSync(path.join(directory, "lock.mdb"), { recursive: true }),
  ],
  [
    "a data file that is a directory",
    "LocalS3Damaged",
    /not a file/,
    () => fs.mkdirSync(path.join(directory, "data.mdb"), { recursive: true }),
  ],
  ["a lock file without data", "LocalS3Damaged", /remove it/, () => (fill(), fs.unlinkSync(dataFile()))],
  [
    "another format of LMDB",
    "LocalS3OtherFormat",
    /format 999/,
    () => (fill(), change(28, Buffer.from([0xe7, 3, 0, 0]))),
  ],
  [
    "the other byte order",
    "LocalS3OtherFormat",
    /byte order/,
    () => (fill(), change(24, Buffer.from([0xbe, 0xef, 0xc0, 0xde]))),
  ],
];

describe.each(["atomics", "deasync"])("a directory that cannot be used, with wait: %s", (wait) => {
  it.each(failures)(
    "throws for %s the code %s at each call, and writes nothing",
    (_what, code, words, spoil) => {
      spoil();
      const outcomes = calls(wait);
      expect(codesOf(outcomes)).toEqual([code]);
      for (const { message } of Object.values(outcomes)) {
        expect(message).toMatch(words);
        expect(message).not.toMatch(/may still have happened|NetworkError|BadConfiguration/);
      }
    },
  );
});

describe("a directory that cannot be used", () => {
  it("throws LocalS3OtherFormat for an LMDB store of another program", async () => {
    const other = open({ path: directory, noSubdir: false });
    await other.put("somebody's", "value");
    await other.close();
    expect(codesOf(calls())).toEqual(["LocalS3OtherFormat"]);
  });

  it("throws LocalS3OtherFormat for a store of another version", async () => {
    fill();
    const store = open({ path: directory, noSubdir: false, keyEncoding: "binary", encoding: "binary" });
    await store.put(Buffer.from("s3bucketmap format"), Buffer.from("99"));
    await store.close();
    const outcomes = calls();
    expect(codesOf(outcomes)).toEqual(["LocalS3OtherFormat"]);
    expect(outcomes["set"]!.message).toMatch(
      /format 99 of the local S3; this version reads format 1\. Use another/,
    );
  });

  // Only root can become somebody who may not.
  (isRoot ? it : it.skip)("throws LocalS3AccessDenied for one that may not be written", () => {
    fs.chmodSync(parent, 0o755);
    fs.mkdirSync(directory, { mode: 0o555 });
    expect(codesOf(calls("atomics", "as-nobody"))).toEqual(["LocalS3AccessDenied"]);
    fill();
    expect(codesOf(calls("atomics", "as-nobody"))).toEqual(["LocalS3AccessDenied"]);
  });

  it("is used as soon as it can be", () => {
    fs.writeFileSync(directory, "");
    const map = new S3BucketMap("bucket", { local: directory });
    expect(() => map.set("k", "v")).toThrow(/LocalS3NotADirectory/);
    fs.unlinkSync(directory);
    map.set("k", "v");
    expect(map.get("k")).toBe("v");
    map.close();
  });
});

/** A disk of so many KiB, for which only root can ask. */
function withDisk(kib: number, use: () => void): void {
  fs.mkdirSync(directory);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kib}k`, "tmpfs", directory]);
  try {
    use();
  } finally {
    execFileSync("umount", ["-l", directory]);
  }
}

// A disk of a known size needs a mount, which only root can make.
(isRoot ? describe : describe.skip)("a full disk", () => {
  it.each([0, 8, 64, 200, 300, 500])("throws LocalS3DiskFull for a new store in %i KiB", (kib) => {
    withDisk(Math.max(kib, 4), () => {
      expect(codesOf(calls())).toEqual(["LocalS3DiskFull"]);
    });
  });

  it.each([800, 1000, 4000])(
    "says that nothing was written where a long value does not fit into %i KiB",
    (kib) => {
      withDisk(kib, () => {
        const { long, set, get } = calls();
        expect([set, get]).not.toContainEqual(
          expect.objectContaining({ code: expect.any(String) as string }),
        );
        expect(long!.code).toBe("LocalS3DiskFull");
        expect(long!.message).not.toMatch(/may still/);
      });
    },
  );

  it("reads what is stored, and refuses to write", () => {
    withDisk(1000, () => {
      fill();
      const filler = path.join(directory, "filler");
      try {
        for (;;) fs.appendFileSync(filler, Buffer.alloc(4096));
      } catch {
        // It is full.
      }
      const { get, keys, set, long, clear } = calls();
      expect(get).toEqual({ value: "v".repeat(3000) });
      expect(keys!.value).toHaveLength(50);
      expect([set!.code, long!.code, clear!.code]).toEqual(Array(3).fill("LocalS3DiskFull"));
      fs.unlinkSync(filler);
      expect(codesOf({ set: calls()["set"]! })).toEqual(["none"]);
    });
  });
});
