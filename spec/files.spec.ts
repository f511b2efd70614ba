import { createHash } from "node:crypto";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { S3BucketMap } from "../lib/index.js";
import type { S3BucketMapError, S3BucketOptions } from "../lib/index.js";
import { Store } from "../lib/local/store/store.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { FaultAction, HttpS3 } from "./support/http-s3.js";

// Files are stored and written by the worker, whole or not at all.

jest.setTimeout(60_000);

const MIB = 1024 ** 2;
const digest = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && `${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;

// No two parts are alike.
const big = Buffer.alloc(36 * MIB + 3);
for (let at = 0; at + 4 <= big.length; at += 4) big.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
const medium = big.subarray(0, 20 * MIB + 1);

let server: HttpS3;
let folder: string;
beforeAll(async () => {
  server = await startHttpS3();
  folder = fs.mkdtempSync(path.join(tmpdir(), "s3bucketmap-files-spec-"));
  open().set("big", big);
});
afterAll(async () => {
  fs.rmSync(folder, { recursive: true });
  await server.close();
});
afterEach(() => server.clearFaults());

// Maps of the same settings have one client.
let maps = 0;
function open(options: S3BucketOptions = {}): S3BucketMap<"bytes"> {
  const credentials = { accessKeyId: `key${(maps += 1)}`, secretAccessKey: "secret" };
  const reach = { endpoint: server.endpoint, region: "us-east-1", credentials };
  return new S3BucketMap("bucket", { ...reach, ...options, readAs: "bytes" });
}

let files = 0;
const name = (): string => path.join(folder, `file ${(files += 1)}`);
function write(bytes: string | Uint8Array): string {
  const file = name();
  fs.writeFileSync(file, bytes);
  return file;
}

function thrown(run: () => unknown): S3BucketMapError {
  try {
    run();
  } catch (error) {
    return error as S3BucketMapError;
  }
  throw new Error("nothing was thrown");
}

const operations = (): string[] => server.log().map(({ operation }) => operation);
const temporaries = (): string[] => fs.readdirSync(folder).filter((file) => file.startsWith("."));
async function uploads(): Promise<number> {
  const store = new Store(server.directory);
  const count = store.read(() => store.uploads.getKeysCount({}));
  await store.close();
  return count;
}

describe.each(["atomics", "deasync"] as const)("S3BucketMap#putFile() (%s)", (wait) => {
  let map: S3BucketMap<"bytes">;
  beforeEach(() => {
    map = open({ wait });
    map.set("key", "old");
    server.reset();
  });

  it.each([0, 1, 1000, 16 * MIB])("stores a file of %i bytes by one PUT", (length) => {
    expect(map.putFile("key", write(big.subarray(0, length)))).toBe(map);
    expect(operations()).toEqual(["PutObject"]);
    expect(digest(map.get("key"))).toBe(digest(big.subarray(0, length)));
    expect(map.head("key")?.contentType).toBe("application/octet-stream");
  });

  it("stores a long one in parts of 8 MiB, each with its CRC32, and the whole with its own", () => {
    map.putFile("key", write(medium), { contentType: "image/x", metadata: { name: "given" } });
    expect(operations().sort()).toEqual([
      "CompleteMultipartUpload",
      "CreateMultipartUpload",
      "UploadPart",
      "UploadPart",
      "UploadPart",
    ]);
    const parts = server.log().filter(({ operation }) => operation === "UploadPart");
    for (const { headers } of parts) {
      expect(headers).toMatchObject({ "x-amz-checksum-crc32": expect.stringMatching(/^.{6}==$/) as string });
    }
    expect(server.maxConcurrent()).toBeGreaterThan(1);
    const complete = server.log().find(({ operation }) => operation === "CompleteMultipartUpload");
    expect(complete?.headers["x-amz-checksum-crc32"]).toMatch(/^.{6}==$/);
    expect(digest(map.get("key"))).toBe(digest(medium));
    expect(map.head("key")).toMatchObject({ contentType: "image/x", metadata: { name: "given" } });
  });

  it("takes a URL, and a path relative to the working directory", () => {
    map.putFile("key", pathToFileURL(write("by URL")));
    expect(map.get("key")?.toString()).toBe("by URL");
    const file = write("relative");
    const before = process.cwd();
    process.chdir(folder);
    try {
      map.putFile("key", path.basename(file));
    } finally {
      process.chdir(before);
    }
    expect(map.get("key")?.toString()).toBe("relative");
  });

  it("follows a symbolic link", () => {
    const link = name();
    fs.symlinkSync(write("linked"), link);
    map.putFile("key", link);
    expect(map.get("key")?.toString()).toBe("linked");
  });

  it("stores only what ifMatch allows", () => {
    const { etag } = map.head("key")!;
    map.putFile("key", write("new"), { ifMatch: etag });
    expect(map.get("key")?.toString()).toBe("new");
    const error = thrown(() => map.putFile("key", write("newer"), { ifMatch: etag }));
    expect(error).toMatchObject({ code: "PreconditionFailed", operation: "putFile", key: "key" });
    expect(map.get("key")?.toString()).toBe("new");
  });

  it("refuses a file on a condition that is too long for one request, and sends nothing", () => {
    const file = name();
    fs.ftruncateSync(fs.openSync(file, "w"), 64 * MIB + 1);
    const error = thrown(() => map.putFile("key", file, { ifMatch: '"a"' }));
    expect(error).toMatchObject({ code: "EntityTooLarge" });
    expect(error.message).toMatch(/at most 67108864 bytes, but this file has 67108865 bytes/);
    expect(operations()).toEqual([]);
  });

  it("refuses a file that S3 does not take, and sends nothing", () => {
    const file = name();
    try {
      fs.ftruncateSync(fs.openSync(file, "w"), 10_000 * 5 * 1024 ** 3 + 1);
    } catch {
      return; // The file system takes none of this size either.
    }
    expect(thrown(() => map.putFile("key", file)).code).toBe("EntityTooLarge");
    expect(operations()).toEqual([]);
  });

  it.each<[string, () => string, RegExp]>([
    ["no file", name, /no such file or directory \(ENOENT\)/],
    ["a directory", () => folder, /it is a directory, not an ordinary file/],
    ["a device", () => "/dev/null", /it is a device, not an ordinary file/],
    ["a file below a file", () => path.join(write(""), "below"), /not a directory \(ENOTDIR\)/],
    [
      "a file that says it has no bytes",
      () => "/proc/self/status",
      /more bytes than the file system reports/,
    ],
  ])("says what is wrong with %s, and sends nothing", (_what, make, words) => {
    const file = make();
    const error = thrown(() => map.putFile("key", file));
    expect(error.code).toBe(words.source.startsWith("more") ? "FileChanged" : "FileNotRead");
    expect(error).toMatchObject({ operation: "putFile", bucket: "bucket", key: "key" });
    expect(error.message).toContain(`Cannot upload a file to "key" in bucket "bucket"`);
    expect(error.message).toContain(JSON.stringify(file));
    expect(error.message).toMatch(words);
    expect(operations()).toEqual([]);
  });

  it("has the system's error as its cause", () => {
    expect(thrown(() => map.putFile("key", name())).cause).toMatchObject({ code: "ENOENT" });
  });

  it.each<[unknown, RegExp]>([
    ["", /is empty/],
    [undefined, /must be a string or a file: URL, not undefined/],
    [Buffer.from("a"), /not a Buffer/],
    ["a\0b", /NUL/],
    ["a/", /is that of a directory/],
    [new URL("http://example.com/a"), /does not name a file/],
  ])("refuses the path %p at the call", (given, words) => {
    for (const call of [
      () => map.putFile("key", given as string),
      () => map.getFile("key", given as string),
    ]) {
      const error = thrown(call);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(words);
    }
    expect(operations()).toEqual([]);
  });

  it("refuses wrong options at the call", () => {
    expect(() => map.putFile("key", "a", { conentType: "a" } as object)).toThrow(
      /did you mean "contentType"/,
    );
    expect(() => map.putFile("key", "a", { ifMatch: undefined } as object)).toThrow(/ifMatch is undefined/);
    expect(() => map.getFile("key", "a", { versionId: "1" } as never)).toThrow(
      /no option "versionId" of getFile/,
    );
    expect(operations()).toEqual([]);
  });
});

// The map waits by deasync here, so that this thread can change the file.
describe("S3BucketMap#putFile() where something goes wrong", () => {
  const wait = "deasync";
  let map: S3BucketMap<"bytes">;
  beforeEach(() => {
    map = open({ wait });
    map.set("key", "old");
    server.reset();
  });

  it.each<[string, (file: string) => void]>([
    ["grows", (file) => fs.appendFileSync(file, "more")],
    ["is cut short", (file) => fs.truncateSync(file, 17 * MIB)],
    ["is modified", (file) => fs.writeSync(fs.openSync(file, "r+"), "other", MIB)],
  ])("stores nothing of a file that %s meanwhile", async (_how, change) => {
    const file = write(medium);
    fs.utimesSync(file, 1, 1);
    server.fault({ operation: "UploadPart", after: 1, times: 2, action: { delayMs: 500 } });
    setTimeout(() => change(file), 250);
    const error = thrown(() => map.putFile("key", file));
    expect(error.code).toBe("FileChanged");
    expect(error.message).toContain(JSON.stringify(file));
    expect(error.message).not.toContain("may still have happened");
    expect(operations()).not.toContain("CompleteMultipartUpload");
    expect(operations()).toContain("AbortMultipartUpload");
    expect(await uploads()).toBe(0);
    expect(map.get("key")?.toString()).toBe("old");
  });

  it.each<[string, FaultAction]>([
    ["S3 was too busy for", { status: 503, code: "SlowDown" }],
    ["was reset before it arrived", { reset: "before" }],
    ["was reset after it arrived", { reset: "after-apply" }],
  ])("sends a part again that %s", (_what, action) => {
    server.fault({ operation: "UploadPart", action });
    map.putFile("key", write(medium));
    expect(digest(map.get("key"))).toBe(digest(medium));
    expect(operations().filter((operation) => operation === "UploadPart")).toHaveLength(4);
  });

  it("takes the upload back where a part fails for good", async () => {
    server.fault({ operation: "UploadPart", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    const error = thrown(() => map.putFile("key", write(medium)));
    expect(error).toMatchObject({ code: "AccessDenied", statusCode: 403 });
    expect(error.message).not.toContain("may still have happened");
    expect(await uploads()).toBe(0);
    expect(map.get("key")?.toString()).toBe("old");
  });

  it("says that it may have happened where the answer to the completion is lost", () => {
    server.fault({ operation: "CompleteMultipartUpload", times: Infinity, action: { reset: "after-apply" } });
    const error = thrown(() => map.putFile("key", write(medium)));
    expect(error.message).toContain("the write may still have happened");
  });

  it("ends when nothing has moved for timeoutMs, and not earlier", async () => {
    // One part after the other: all together they take longer than the deadline.
    const impatient = open({ wait, timeoutMs: 1500, concurrency: 1 });
    server.fault({ operation: "UploadPart", times: 5, action: { delayMs: 600 } });
    impatient.putFile("slow", write(big));
    expect(digest(map.get("slow"))).toBe(digest(big));

    server.fault({ operation: "UploadPart", times: Infinity, action: { stall: "before" } });
    const error = thrown(() => impatient.putFile("key", write(medium)));
    expect(error.code).toBe("TimedOut");
    expect(error.message).toContain("Timed out after 1500 ms without progress while uploading a file to");
    expect(error.message).not.toContain("may still have happened");
    server.clearFaults();
    expect(map.get("key")?.toString()).toBe("old");
    expect(await uploads()).toBe(0);
  });
});

describe.each(["atomics", "deasync"] as const)("S3BucketMap#getFile() (%s)", (wait) => {
  let map: S3BucketMap<"bytes">;
  beforeEach(() => {
    map = open({ wait });
    server.reset();
  });
  afterEach(() => expect(temporaries()).toEqual([]));

  it.each([0, 1, 1000, 20 * MIB + 1, 32 * MIB])("writes a value of %i bytes by one GET", (length) => {
    map.set("key", big.subarray(0, length));
    server.reset();
    const file = name();
    expect(map.getFile("key", file)).toBe(true);
    expect(operations()).toEqual(["GetObject"]);
    expect(digest(fs.readFileSync(file))).toBe(digest(big.subarray(0, length)));
    expect(fs.statSync(file).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it("reads a long one by ranges, too, all of one version", () => {
    const { etag } = map.head("big")!;
    server.reset();
    server.fault({ ranged: false, action: { hold: 4 } });
    const file = name();
    expect(map.getFile("big", pathToFileURL(file))).toBe(true);
    expect(digest(fs.readFileSync(file))).toBe(digest(big));
    const ranges = server.log().filter(({ headers }) => headers["range"] !== undefined);
    expect(ranges).toHaveLength(4);
    expect(new Set(ranges.map(({ headers }) => headers["if-match"]))).toEqual(new Set([etag]));
    expect(operations()).toHaveLength(5);
  });

  it("gives false for a missing key, and makes and changes no file", () => {
    const [file, old] = [name(), write("old")];
    expect(map.getFile("missing", file)).toBe(false);
    expect(map.getFile("missing", old)).toBe(false);
    expect(operations()).toEqual(["GetObject", "GetObject"]);
    expect(fs.existsSync(file)).toBe(false);
    expect(fs.readFileSync(old, "utf8")).toBe("old");
  });

  it("replaces a file, and keeps its mode", () => {
    map.set("key", "new");
    const file = write("an old one that is longer");
    fs.chmodSync(file, 0o640);
    expect(map.getFile("key", file)).toBe(true);
    expect(fs.readFileSync(file, "utf8")).toBe("new");
    expect(fs.statSync(file).mode & 0o777).toBe(0o640);
  });

  it("writes to where a symbolic link leads", () => {
    map.set("key", "new");
    const [file, link] = [write("old"), name()];
    fs.symlinkSync(file, link);
    expect(map.getFile("key", link)).toBe(true);
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
    expect(fs.readFileSync(file, "utf8")).toBe("new");
  });

  it.each<[string, () => string, RegExp]>([
    ["in no directory", () => path.join(name(), "below"), /no such file or directory \(ENOENT\)/],
    ["that is a directory", () => folder, /it is a directory, not an ordinary file/],
    ["that is a device", () => "/dev/null", /it is a device, not an ordinary file/],
    ["below a file", () => path.join(write(""), "below"), /not a directory \(ENOTDIR\)/],
    [
      "that is a link to nowhere",
      () => {
        const link = name();
        fs.symlinkSync(path.join(folder, "nowhere"), link);
        return link;
      },
      /a symbolic link to a file that does not exist/,
    ],
  ])("says what is wrong with a target %s, and sends nothing", (_what, make, words) => {
    const error = thrown(() => map.getFile("big", make()));
    expect(error).toMatchObject({ code: "FileNotWritten", operation: "getFile", key: "big" });
    expect(error.message).toContain('Cannot download "big" in bucket "bucket": FileNotWritten: "');
    expect(error.message).toMatch(words);
    expect(operations()).toEqual([]);
  });
});

describe("S3BucketMap#getFile() where something goes wrong", () => {
  const wait = "atomics";
  let map: S3BucketMap<"bytes">;
  beforeEach(() => {
    map = open({ wait });
    server.reset();
  });
  afterEach(() => expect(temporaries()).toEqual([]));

  it.each<[string, FaultAction]>([
    ["S3 was too busy for", { status: 503, code: "SlowDown" }],
    ["was reset in the middle", { reset: "mid-body" }],
    ["was not whole", { truncate: 1 }],
  ])("is whole where a range %s", (_what, action) => {
    server.fault({ ranged: false, action: { hold: 5 } });
    server.fault({ ranged: true, action });
    const file = name();
    expect(map.getFile("big", file)).toBe(true);
    expect(digest(fs.readFileSync(file))).toBe(digest(big));
  });

  it.each<[string, FaultAction]>([
    ["is no range but the whole", { range: "" }],
    ["is another range", { range: "bytes=0-8388607" }],
    ["is a refusal", { status: 501, code: "NotImplemented" }],
  ])("is read by the plain GET alone where each answer to a range %s", (_what, action) => {
    server.fault({ ranged: true, times: Infinity, action });
    const file = name();
    expect(map.getFile("big", file)).toBe(true);
    expect(digest(fs.readFileSync(file))).toBe(digest(big));
    expect(server.log().filter(({ headers }) => headers["range"] === undefined)).toHaveLength(1);
  });

  it.each(["big", "short"])("goes on by ranges where the plain answer breaks off (%s)", (key) => {
    const value = key === "big" ? big : big.subarray(0, MIB);
    map.set(key, value);
    server.reset();
    server.fault({ ranged: false, action: { reset: "mid-body" } });
    const file = name();
    expect(map.getFile(key, file)).toBe(true);
    expect(digest(fs.readFileSync(file))).toBe(digest(value));
    expect(server.log().filter(({ headers }) => headers["range"] === undefined)).toHaveLength(1);
  });

  it("is of one version where the value is overwritten meanwhile", () => {
    const other = digest(Buffer.alloc(big.length, "!"));
    for (const plain of [{ hold: 1 }, { reset: "mid-body" }] as FaultAction[]) {
      map.set("big", big);
      server.fault({ ranged: false, action: plain });
      server.fault({ ranged: true, action: { overwrite: big.length } });
      const file = name();
      expect(map.getFile("big", file)).toBe(true);
      expect([digest(big), other]).toContain(digest(fs.readFileSync(file)));
      server.clearFaults();
    }
    map.set("big", big);
  });

  it("fails where the value changes each time, and leaves the old file", () => {
    const file = write("old");
    server.fault({ ranged: false, times: Infinity, action: { reset: "mid-body" } });
    server.fault({
      ranged: true,
      times: Infinity,
      action: [{ overwrite: 33 * MIB }, { overwrite: 34 * MIB }],
    });
    const error = thrown(() => map.getFile("big", file));
    server.clearFaults();
    map.set("big", big);
    expect(["ObjectChanged", "NetworkError"]).toContain(error.code);
    expect(fs.readFileSync(file, "utf8")).toBe("old");
  });

  it.each([
    ["short", 1000],
    ["long", 36 * MIB],
  ])("notices a damaged body (%s)", (_what, length) => {
    map.set("key", big.subarray(0, length));
    server.reset();
    const file = write("old");
    server.fault({ operation: "GetObject", ranged: false, action: { corrupt: true } });
    expect(map.getFile("key", file)).toBe(true);
    expect(digest(fs.readFileSync(file))).toBe(digest(big.subarray(0, length)));
    server.fault({ operation: "GetObject", times: Infinity, action: { corrupt: true } });
    fs.writeFileSync(file, "old");
    expect(thrown(() => map.getFile("key", file)).code).toBe("ChecksumMismatch");
    expect(fs.readFileSync(file, "utf8")).toBe("old");
  });

  it("notices damage where the plain answer passes through a part that a range has brought", () => {
    const file = write("old");
    server.reset();
    // Ranges bring the parts from 8 to 36 MiB, but one of them stalls. The plain answer comes after the others, and has to
    // pass them to bring the rest of that one.
    server.fault({ ranged: false, action: { hold: 3, corrupt: 17 * MIB } });
    server.fault({ ranged: true, after: 1, action: { stall: "mid-body" } });
    expect(map.getFile("big", file)).toBe(true);
    expect(digest(fs.readFileSync(file))).toBe(digest(big));
  });

  it("ends when nothing has moved for timeoutMs, and leaves nothing", () => {
    const impatient = open({ wait, timeoutMs: 1000 });
    const file = write("old");
    for (const action of [{ stall: "before" }, { stall: "mid-body" }] as FaultAction[]) {
      server.fault({ times: Infinity, action });
      const error = thrown(() => impatient.getFile("big", file));
      expect(error.code).toBe("TimedOut");
      expect(error.message).toContain('Timed out after 1000 ms without progress while downloading "big"');
      expect(temporaries()).toEqual([]);
      expect(fs.readFileSync(file, "utf8")).toBe("old");
      server.clearFaults();
    }
  });
});

describe.each(["atomics", "deasync"] as const)("files and the local S3 (%s)", (wait) => {
  it("reads a value from the local S3, and stores one in it", () => {
    const local = new S3BucketMap("bucket", {
      local: path.join(folder, `local ${wait}`),
      readAs: "bytes",
      wait,
    });
    const file = name();
    local.putFile("long", write(big)).putFile("empty", write(""));
    expect(digest(local.get("long"))).toBe(digest(big));
    expect(local.getFile("long", file)).toBe(true);
    expect(digest(fs.readFileSync(file))).toBe(digest(big));
    expect(local.getFile("empty", file)).toBe(true);
    expect(fs.readFileSync(file, "utf8")).toBe("");
    expect(local.getFile("missing", file)).toBe(false);
  });
});
