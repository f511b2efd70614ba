import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { S3BucketMapError, S3BucketOptions } from "../lib/index.js";
import { S3BucketMap } from "../lib/index.js";
import type { Client } from "../lib/worker/s3/client.js";
import { inParts } from "../lib/worker/s3/operations/ranged-get.js";
import { leaveFirstToSdk } from "./support/fault-cell.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { FaultAction, HttpS3, LoggedRequest } from "./support/http-s3.js";

// Values of more than 32 MiB are read by several connections, and are those of one version all the same.

jest.setTimeout(30_000);

const MIB = 1024 ** 2;
const PART = 8 * MIB;
const digest = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && `${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;

// No two parts are alike.
const big = Buffer.alloc(34 * MIB + 3);
for (let at = 0; at + 4 <= big.length; at += 4) big.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
const old = digest(big);
const other = digest(Buffer.alloc(big.length, "!"));

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
  const map = open();
  map.set("value", big);
  map.set("limit", big.subarray(0, 32 * MIB));
  map.set("short", "short");
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

// Maps of the same settings have one client.
let maps = 0;
function open<As extends "string" | "bytes" = "bytes">(options: S3BucketOptions<As> = {}): S3BucketMap<As> {
  const credentials = { accessKeyId: `key${(maps += 1)}`, secretAccessKey: "secret" };
  const reach = { endpoint: server.endpoint, region: "us-east-1", credentials };
  return new S3BucketMap<As>("bucket", { readAs: "bytes" as As, ...reach, ...options });
}

const gets = (): LoggedRequest[] => {
  const log = server.log();
  expect(log.filter(({ operation }) => operation !== "GetObject")).toEqual([]);
  return log;
};
// All ranges are asked for at once, where the plain answer is not quick.
const parts = Math.ceil(big.length / PART);
const holdPlain = (answers = parts): void =>
  server.fault({ key: "value", ranged: false, action: { hold: answers } });
const plainGets = (): LoggedRequest[] => gets().filter(({ headers }) => headers["range"] === undefined);
const ranges = (): LoggedRequest[] => gets().filter(({ headers }) => headers["range"] !== undefined);

describe.each([
  ["atomics", "by the SDK"],
  ["deasync", "past the SDK"],
] as const)("S3BucketMap#get() of a long value (%s, %s)", (wait, how) => {
  if (how === "by the SDK") leaveFirstToSdk();
  let map: S3BucketMap<"bytes">;
  beforeEach(() => {
    map = open({ wait });
    server.reset();
  });
  afterEach(() => map.close());

  it("is one GET, and for each 8 MiB at most one more, of a range of the same version", () => {
    const etag = open().head("value")?.etag;
    server.reset();
    holdPlain();
    expect(digest(map.get("value"))).toBe(old);
    expect(plainGets()).toHaveLength(1);
    const starts = ranges().map(({ headers }) => {
      expect(headers["if-match"]).toBe(etag);
      const [start = NaN, end = NaN] = headers["range"]!.replace("bytes=", "").split("-").map(Number);
      expect(end + 1 - start).toBeLessThanOrEqual(PART);
      return start;
    });
    expect(new Set(gets().map(({ bySdk }) => bySdk))).toEqual(new Set([how === "by the SDK"]));
    expect(new Set(starts).size).toBe(parts);
    expect(starts).toHaveLength(parts);
  });

  it("is one GET up to 32 MiB", () => {
    expect(digest(map.get("limit"))).toBe(digest(big.subarray(0, 32 * MIB)));
    expect(gets()).toHaveLength(1);
  });

  it.each([0, 1, 2])("is the version that it began with where it is overwritten before range %i", (after) => {
    holdPlain();
    server.fault({ ranged: true, after, action: { overwrite: big.length } });
    const read = digest(map.get("value"));
    const statuses = ranges().map(({ status }) => status);
    const requests = plainGets().length;
    const next = digest(map.get("value"));
    map.set("value", big);
    expect(read).toBe(old);
    expect(requests).toBe(1);
    expect(statuses).toContain(412);
    expect(next).toBe(other);
  });

  it("is the version that it began with where it is overwritten by a longer or a shorter one", () => {
    for (const overwrite of [3, 50 * MIB]) {
      holdPlain();
      server.fault({ ranged: true, action: { overwrite } });
      const read = digest(map.get("value"));
      const size = map.head("value")?.size;
      map.set("value", big);
      expect(read).toBe(old);
      expect(size).toBe(overwrite);
    }
  });

  it.each<[string, FaultAction]>([
    ["is no range but the whole", { range: "" }],
    ["is another range", { range: "bytes=0-8388607" }],
    ["is a shorter range", { range: "bytes=-7" }],
    ["is a refusal", { status: 501, code: "NotImplemented" }],
    ["is a web page", { status: 200, headers: { "content-type": "text/html" }, body: "<html>" }],
    ["does not come", { reset: "before" }],
  ])("is read by the plain GET alone where each answer to a range %s", (_what, action) => {
    holdPlain();
    server.fault({ ranged: true, times: Infinity, action });
    expect(digest(map.get("value"))).toBe(old);
    expect(plainGets()).toHaveLength(1);
  });

  it.each<[string, FaultAction]>([
    ["stop coming", { stall: "mid-body" }],
    ["never come", { stall: "before" }],
  ])("is read by the plain GET where the answers to all ranges but one %s", (_what, action) => {
    holdPlain(1);
    server.fault({ ranged: true, after: 1, times: Infinity, action });
    expect(digest(map.get("value"))).toBe(old);
    expect(plainGets()).toHaveLength(1);
    expect(ranges().length).toBeGreaterThan(1);
  });

  it.each<[string, FaultAction]>([
    ["S3 was too busy for", { status: 503, code: "SlowDown" }],
    ["was reset in the middle", { reset: "mid-body" }],
    ["was not whole", { truncate: 1 }],
  ])("is read whole where a range %s", (_what, action) => {
    holdPlain();
    server.fault({ ranged: true, times: 2, action });
    expect(digest(map.get("value"))).toBe(old);
    expect(plainGets()).toHaveLength(1);
  });

  it("is read whole where the plain answer stops in the middle", () => {
    server.fault({ ranged: false, action: { stall: "mid-body" } });
    expect(digest(map.get("value"))).toBe(old);
    expect(plainGets()).toHaveLength(1);
  });

  it("is read again where the plain answer breaks off", () => {
    server.fault({ ranged: true, times: Infinity, action: { status: 501, code: "NotImplemented" } });
    server.fault({ ranged: false, action: { reset: "mid-body" } });
    expect(digest(map.get("value"))).toBe(old);
    expect(plainGets()).toHaveLength(2);
  });

  it("is read again where a range comes damaged, by the checksum of the whole", () => {
    // Else the plain answer could come by, and mend it.
    server.fault({ ranged: false, action: { stall: "mid-body" } });
    server.fault({ ranged: true, action: { corrupt: true } });
    expect(digest(map.get("value"))).toBe(old);
    expect(plainGets()).toHaveLength(2);
  });

  it("ends with its deadline where all answers stop", () => {
    const short = open({ wait, timeoutMs: 1500 });
    server.fault({ key: "value", times: Infinity, action: { stall: "mid-body" } });
    const code = (): string | undefined => {
      try {
        short.get("value");
        return undefined;
      } catch (error) {
        return (error as S3BucketMapError).code;
      }
    };
    expect(code()).toBe("TimedOut");
    server.clearFaults();
    // Not by the short map: a busy machine may need longer for 32 MiB.
    expect(digest(map.get("limit"))).toBe(digest(big.subarray(0, 32 * MIB)));
  });

  it("is refused, and no range sent, where it is longer than a string can be", () => {
    const headers = { "content-length": "600000000", etag: '"etag"', "content-type": "text/plain" };
    server.fault({
      operation: "GET",
      key: "value",
      times: Infinity,
      action: { status: 200, headers, body: "-" },
    });
    const strings = open({ wait, readAs: "string" });
    server.reset();
    expect(() => strings.get("value")).toThrow(expect.objectContaining({ code: "ValueTooLong" }) as Error);
    expect(gets()).toHaveLength(1);
  });

  it("is one GET where others are read at the same time, or may not be", () => {
    expect(digest(map.getMany(["value", "short"]).get("value"))).toBe(old);
    expect(digest(open({ wait, concurrency: 1 }).get("value"))).toBe(old);
    expect(ranges()).toEqual([]);
  });
});

describe("inParts()", () => {
  const length = 100e6;
  let plain: EventEmitter & { destroy(): void };
  let asked: number;
  let read: Promise<Uint8Array> | undefined;
  beforeEach(() => {
    jest.useFakeTimers();
    asked = 0;
    plain = Object.assign(new EventEmitter(), { destroy() {} });
    const send = (): Promise<never> => {
      asked += 1;
      return Promise.reject(Object.assign(new Error(), { $metadata: { httpStatusCode: 501 } }));
    };
    const client = { route: undefined, send } as unknown as Client;
    const headers = { etag: '"etag"', "content-length": String(length) };
    const task = { signal: new AbortController().signal, doubt: undefined };
    const begin = inParts(client, { Bucket: "bucket", Key: "key" }, 8, task);
    read = begin(plain as unknown as IncomingMessage, { statusCode: 200, headers });
  });
  afterEach(() => jest.useRealTimers());

  async function come(megabytes: number, ms: number): Promise<void> {
    plain.emit("data", Buffer.alloc(megabytes * 1e6, "!"));
    await jest.advanceTimersByTimeAsync(ms);
  }

  it("asks for no range while more than 150 MB a second come", async () => {
    await come(0, 10);
    for (let ms = 10; ms < 500; ms += 10) await come(2, 10);
    await come(2, 0);
    expect(await read).toHaveLength(length);
    expect(asked).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([
    [0, 20],
    [0.9, 50],
    [1.4, 300],
  ])("asks for ranges where only %f MB come in 10 ms, after %i ms", async (megabytes, ms) => {
    for (let at = 0; at < ms; at += 10) {
      expect(asked).toBe(0);
      await come(megabytes, 10);
    }
    expect(asked).toBe(7);
    expect(jest.getTimerCount()).toBe(0);
  });
});
