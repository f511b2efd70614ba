import { createHash } from "node:crypto";
import type { Bytes, S3BucketMapError } from "../lib/index.js";
import { batch, S3BucketMap } from "../lib/index.js";
import { Store } from "../lib/local/store/store.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { FaultAction, HttpS3 } from "./support/http-s3.js";

// Values of more than 16 MiB are uploaded in parts, and are there whole or not at all.

const MIB = 1024 ** 2;
const reach = { region: "us-east-1", credentials: { accessKeyId: "key", secretAccessKey: "secret" } };
const digest = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && `${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;

// No two parts are alike.
const big = Buffer.alloc(20 * MIB + 3);
for (let at = 0; at + 4 <= big.length; at += 4) big.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);

const bytesOf = (value: Bytes): Uint8Array =>
  ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);

function sharedCopy(bytes: Uint8Array): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return shared;
}

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

describe.each(["atomics", "deasync"] as const)("S3BucketMap#set() of a big value (%s)", (wait) => {
  let map: S3BucketMap<"bytes">;
  beforeEach(() => {
    map = new S3BucketMap("bucket", { ...reach, endpoint: server.endpoint, readAs: "bytes", wait });
    map.set("value", "the old one");
    server.reset();
  });

  const operations = (): string[] => server.log().map(({ operation }) => operation);
  const uploads = async (): Promise<number> => {
    const store = new Store(server.directory);
    const count = store.read(() => store.uploads.getKeysCount({}));
    await store.close();
    return count;
  };
  const failing = (): S3BucketMapError => {
    try {
      map.set("value", big);
    } catch (error) {
      return error as S3BucketMapError;
    }
    throw new Error("nothing was thrown");
  };

  it("uploads it in parts of 8 MiB, in parallel, and nothing else", () => {
    map.set("value", big, { contentType: "image/x", metadata: { name: "given" } });
    expect(operations().sort()).toEqual([
      "CompleteMultipartUpload",
      "CreateMultipartUpload",
      "UploadPart",
      "UploadPart",
      "UploadPart",
    ]);
    expect(digest(map.get("value"))).toBe(digest(big));
    expect(map.head("value")).toMatchObject({
      size: big.length,
      contentType: "image/x",
      metadata: { name: "given" },
    });
  });

  it("stores 16 MiB by one PUT", () => {
    map.set("value", big.subarray(0, 16 * MIB));
    expect(operations()).toEqual(["PutObject"]);
    server.reset();
    map.set("value", big.subarray(0, 16 * MIB + 1));
    expect(operations()).toContain("CompleteMultipartUpload");
  });

  it("stores a long string", () => {
    const text = "äöü€".repeat(2 * MIB);
    map.set("value", text);
    expect(map.get("value")?.toString()).toBe(text);
    expect(operations()).toContain("CompleteMultipartUpload");
  });

  it.each<[string, Bytes]>([
    ["a view of a part of its memory", new Uint16Array(big.buffer, big.byteOffset + 2, 9 * MIB)],
    ["a DataView", new DataView(big.buffer, big.byteOffset + 1, 17 * MIB)],
    ["an ArrayBuffer", new Uint8Array(big).buffer],
    ["a SharedArrayBuffer", sharedCopy(big)],
  ])("stores %s, and leaves it as it is", (_kind, value) => {
    const bytes = digest(bytesOf(value));
    map.set("value", value);
    expect(digest(map.get("value"))).toBe(bytes);
    expect(digest(bytesOf(value))).toBe(bytes);
  });

  it("stores the bytes of when it was called: changed later in a batch, or by a callback, they are not stored", async () => {
    const value = Buffer.from(big);
    batch(map, () => {
      map.set("value", value);
      value.fill(0);
    });
    expect(digest(map.get("value"))).toBe(digest(big));
    value.set(big);
    setImmediate(() => value.fill(0));
    server.fault({ operation: "CreateMultipartUpload", action: { delayMs: 300 } });
    map.set("value", value);
    expect(digest(map.get("value"))).toBe(digest(big));
    await new Promise(setImmediate);
  });

  it("ends at its deadline where no part is answered, and the next call is served", async () => {
    const hurried = new S3BucketMap("bucket", {
      ...reach,
      endpoint: server.endpoint,
      readAs: "bytes",
      wait,
      timeoutMs: 2000,
    });
    server.fault({ operation: "UploadPart", times: Infinity, action: { stall: "before" } });
    expect(() => hurried.set("value", big)).toThrow(expect.objectContaining({ code: "TimedOut" }));
    server.clearFaults();
    expect(hurried.get("value")?.toString()).toBe("the old one");
    hurried.set("value", big.subarray(1));
    expect(digest(map.get("value"))).toBe(digest(big.subarray(1)));
    expect(await uploads()).toBeLessThanOrEqual(1);
  });

  it("sends a part again that S3 was too busy for, or whose answer was lost", () => {
    server.fault({ operation: "UploadPart", action: { status: 503, code: "SlowDown" } });
    server.fault({ operation: "UploadPart", action: { reset: "after-apply" } });
    map.set("value", big);
    expect(digest(map.get("value"))).toBe(digest(big));
  });

  it.each(["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])(
    "leaves the old value and no upload behind where %s is refused",
    async (operation) => {
      server.fault({ operation, times: Infinity, action: { status: 403, code: "AccessDenied" } });
      expect(failing()).toMatchObject({ code: "AccessDenied", operation: "set", key: "value" });
      server.clearFaults();
      expect(map.get("value")?.toString()).toBe("the old one");
      expect(await uploads()).toBe(0);
    },
  );

  it("takes an error in a 200 of CompleteMultipartUpload for an error", async () => {
    const body =
      "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>";
    server.fault({ operation: "CompleteMultipartUpload", times: Infinity, action: { status: 200, body } });
    expect(failing()).toMatchObject({ code: "InternalError" });
    server.clearFaults();
    expect(map.get("value")?.toString()).toBe("the old one");
    expect(await uploads()).toBe(0);
  });

  describe("where the answer to CompleteMultipartUpload is lost, and the service forgets completed uploads", () => {
    const headers = { contentType: "image/x", metadata: { name: "given" } };
    const complete = "CompleteMultipartUpload";
    const gone = { status: 404, code: "NoSuchUpload" };
    const set = (): unknown => map.set("value", big, headers);

    it("is done where the key has what was to be stored, which one HEAD shows", () => {
      server.fault({ operation: complete, action: { reset: "after-apply" } });
      set();
      expect(server.counts()).toMatchObject({ [complete]: 2, HEAD: 1 });
      expect(server.counts()).not.toHaveProperty("AbortMultipartUpload");
      expect(
        server.log().find(({ operation, status }) => operation === complete && status === 404),
      ).toBeDefined();
      expect(digest(map.get("value"))).toBe(digest(big));
    });

    it.each<[string, () => void]>([
      ["another value", () => server.fault({ operation: "HEAD", action: { overwrite: 3 } })],
      ["none", () => server.fault({ operation: "HEAD", action: { status: 404 } })],
      [
        "one that cannot be looked at",
        () => server.fault({ operation: "HEAD", times: Infinity, action: { status: 403 } }),
      ],
    ])("may have happened where the key has %s", (_, meet) => {
      server.fault({ operation: complete, action: { reset: "after-apply" } });
      server.fault({ operation: "GET", times: Infinity, action: { status: 403, code: "AccessDenied" } });
      meet();
      expect(set).toThrow(/NoSuchUpload.*the write may still have happened/);
    });

    it("may have happened where the same bytes are stored with other headers", () => {
      for (const other of [
        { ...headers, contentType: "image/y" },
        { ...headers, metadata: {} },
      ]) {
        map.set("value", big, other);
        server.fault({ operation: complete, action: { reset: "before" } });
        server.fault({ operation: complete, action: gone });
        expect(set).toThrow(/NoSuchUpload.*the write may still have happened/);
        server.clearFaults();
      }
    });

    it("is done where a proxy has sent the completion twice, which one HEAD shows", () => {
      server.fault({ operation: complete, action: { twice: true } });
      set();
      expect(server.counts()).toMatchObject({ [complete]: 1, HEAD: 1 });
      expect(digest(map.get("value"))).toBe(digest(big));
    });

    const bom = "\uFEFF";
    it.each([
      ["no body", "", 1],
      ["a page", "<html><body>404</body></html>", 1],
      ["white space around its code", "<Error><Code>\n NoSuchUpload \n</Code></Error>", 1],
      ["tags in lower case", "<error><code>NoSuchUpload</code></error>", 1],
      ["a namespace", "<a:Error xmlns:a='x'><a:Code>NoSuchUpload</a:Code></a:Error>", 1],
      ["a byte order mark", `${bom}<Error><Code>NoSuchUpload</Code></Error>`, 1],
      ["UTF-16", [..."<Error><Code>NoSuchUpload</Code></Error>"].join("\0") + "\0", 3],
      ["JSON", '{"Code":"NoSuchUpload"}', 3],
      ["another code", "<Error><Code>NotFound</Code></Error>", 1],
    ])("is done where the completion was carried out, and a 404 with %s came", (_what, body, times) => {
      server.fault({ operation: complete, times, action: { status: 404, body, applied: true } });
      set();
      expect(server.counts()).toMatchObject({ [complete]: times, HEAD: 1 });
      expect(digest(map.get("value"))).toBe(digest(big));
    });

    it("has not happened where there is no such bucket", () => {
      server.fault({ operation: complete, action: { status: 404, code: "NoSuchBucket" } });
      expect(failing()).toMatchObject({
        code: "NoSuchBucket",
        message: expect.not.stringContaining("may still have happened") as string,
      });
      expect(server.counts()["HEAD"]).toBe(0);
    });

    it("may have happened where its answers were damaged", () => {
      const action: FaultAction = { status: 403, body: '{"message":"no"}', applied: true };
      server.fault({ operation: complete, times: 3, action });
      expect(failing()).toMatchObject({
        code: "HTTP403",
        message: expect.stringContaining("may still have happened") as string,
      });
    });

    it("may have happened where a proxy may have sent the completion twice, and the key shows nothing", () => {
      server.fault({ operation: complete, action: gone });
      expect(set).toThrow(/NoSuchUpload.*the write may still have happened/);
    });
  });

  it("says that it may have happened where no answer to CompleteMultipartUpload came, and not for a part", () => {
    server.fault({ operation: "UploadPart", times: Infinity, action: { reset: "before" } });
    expect(failing().message).not.toContain("may still have happened");
    server.clearFaults();
    server.fault({ operation: "CompleteMultipartUpload", times: Infinity, action: { reset: "after-apply" } });
    expect(failing().message).toContain("may still have happened");
  });
});

// Nothing of these buffers is ever touched, so they take no memory.
describe("S3BucketMap with a value that no thread can be given", () => {
  let map: S3BucketMap<"bytes">;
  beforeEach(() => {
    map = new S3BucketMap("bucket", { ...reach, endpoint: server.endpoint, readAs: "bytes" });
    map.set("value", "the old one");
    server.reset();
  });

  const tooLong = Buffer.from(new ArrayBuffer(2 ** 32));
  it.each<[string, () => unknown]>([
    ["set", () => map.set("value", tooLong)],
    ["set of an array of numbers", () => map.set("value", new Float64Array(tooLong.buffer))],
    ["set of an ArrayBuffer", () => map.set("value", tooLong.buffer)],
    ["setMany", () => map.setMany(Object.entries({ other: "", value: tooLong }))],
    ["batch", () => batch(map, () => map.set("value", tooLong))],
  ])("refuses it before anything is sent: %s", (_how, write) => {
    expect(write).toThrow(
      new TypeError('The value of "value" has 4294967296 bytes, but a value can have at most 4294967295.'),
    );
    expect(server.log()).toEqual([]);
  });

  const tooLongAtOnce = tooLong.subarray(0, 2 ** 31);
  it.each<[string, () => unknown]>([
    ["set", () => map.set("value", tooLongAtOnce, { ifMatch: '"etag"' })],
    ["create", () => map.create("value", tooLongAtOnce)],
    ["update", () => map.update("value", () => tooLongAtOnce)],
  ])("refuses to write on a condition what cannot be hashed at once: %s", (_how, write) => {
    expect(write).toThrow(
      new TypeError(
        'The value of "value" has 2147483648 bytes, but a conditional write can have at most 2147483647.',
      ),
    );
    expect(server.log().filter(({ operation }) => operation !== "GetObject")).toEqual([]);
  });

  it("refuses to read it before it comes", () => {
    const headers = { "content-length": String(2 ** 32), etag: '"etag"', "content-type": "text/plain" };
    server.fault({ operation: "GET", times: Infinity, action: { status: 200, headers, body: "-" } });
    expect(() => map.get("value")).toThrow(
      expect.objectContaining({
        code: "ValueTooLong",
        message: expect.stringContaining(
          "the value has 4294967296 bytes, but at most 4294967295 can be read",
        ) as string,
      }) as Error,
    );
  });
});
