import { execFileSync } from "node:child_process";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { asObject, batch, S3BucketMap } from "../lib/index.js";
import type { ReadAs, S3BucketOptions } from "../lib/index.js";
import { fill, numberedKeys } from "./support/fill.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
const size = 60;
const names = numberedKeys(size);

let server: HttpS3;
let parts = 0;
let prefix = "";
beforeAll(async () => {
  server = await startHttpS3({ latencyMs: 3 });
});
afterAll(() => server.close());
beforeEach(async () => {
  prefix = `${parts++}/`;
  await fill(server.directory, "bucket", prefix, names);
  server.reset();
});
afterEach(() => {
  server.clearFaults();
  jest.restoreAllMocks();
});

function open<As extends ReadAs = "string">(options: S3BucketOptions<As> = {}): S3BucketMap<As> {
  return new S3BucketMap("bucket", { endpoint: server.endpoint, credentials, prefix, ...options });
}

/** As if the program took no time, on however busy a machine. */
function stopClock(): { pass(ms: number): void } {
  let now = performance.now();
  jest.spyOn(performance, "now").mockImplementation(() => now);
  jest.spyOn(Date, "now").mockImplementation(() => Math.floor(now));
  return { pass: (ms) => void (now += ms) };
}

function gets(): number {
  return server.counts().GET;
}

/** Another process writes, and it is over when this returns. */
function writeElsewhere(key: string, value: string): void {
  const code = `
    const { S3BucketMap } = require(${JSON.stringify(path.join(__dirname, "../dist/index.js"))});
    const [endpoint, prefix, key, value] = process.argv.slice(1);
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    new S3BucketMap("bucket", { endpoint, credentials, prefix }).set(key, value);`;
  execFileSync(process.execPath, ["-e", code, server.endpoint, prefix, key, value]);
}

const waits = ["atomics", "deasync"] as const;

describe.each(waits)("reading ahead, wait: %s,", (wait) => {
  it.each<[string, (map: S3BucketMap) => unknown]>([
    ["Object.entries", (map) => Object.entries(asObject(map))],
    ["Object.values", (map) => Object.values(asObject(map))],
    ["spread", (map) => ({ ...asObject(map) })],
    ["Object.assign", (map) => Object.assign({}, asObject(map))],
    ["map.entries()", (map) => [...map]],
    ["map.values()", (map) => [...map.values()]],
    ["map.forEach()", (map) => map.forEach(() => undefined)],
  ])("%s costs a GET a key, several at a time", (_name, use) => {
    stopClock();
    use(open({ wait, concurrency: 8 }));
    expect(server.counts()).toMatchObject({ LIST: 1, GET: size, total: size + 1 });
    expect(server.maxConcurrent()).toBeGreaterThan(3);
    expect(server.maxConcurrent()).toBeLessThanOrEqual(8);
  });

  it("gives every key its own value, in order", () => {
    const map = open({ wait });
    expect(Object.entries(asObject(map))).toEqual(names.map((name) => [name, name]));
    expect([...map.entries()]).toEqual(names.map((name) => [name, name]));
  });

  it("does not happen with readAhead: false", () => {
    const map = open({ wait, readAhead: false });
    expect([...map]).toHaveLength(size);
    expect(Object.keys({ ...asObject(map) })).toHaveLength(size);
    expect(server.maxConcurrent()).toBe(1);
    expect(gets()).toBe(2 * size);
  });

  it("does not hide what another process has written between two reads of a loop", () => {
    const bucket = asObject(open({ wait }));
    const read: (string | undefined)[] = [];
    for (const key of Object.keys(bucket)) {
      read.push(bucket[key]);
      if (read.length === 20) for (const next of names.slice(20, 23)) writeElsewhere(next, `new ${next}`);
    }
    expect(read).toEqual(names.map((name, at) => (at >= 20 && at < 23 ? `new ${name}` : name)));
  }, 30_000);

  it("does not hide what another process has written while a batch on another bucket was open", async () => {
    await fill(server.directory, "other", prefix, ["x"]);
    const other = new S3BucketMap("other", { endpoint: server.endpoint, credentials, prefix, wait });
    const bucket = asObject(open({ wait }));
    const read: (string | undefined)[] = [];
    for (const key of Object.keys(bucket)) {
      read.push(bucket[key]);
      if (read.length !== 20) continue;
      batch(other, () => {
        other.set("x", "1");
        for (const next of names.slice(20, 23)) writeElsewhere(next, `new ${next}`);
      });
    }
    expect(read).toEqual(names.map((name, at) => (at >= 20 && at < 23 ? `new ${name}` : name)));
  }, 30_000);

  it("does not hide a write of this thread, by whatever map", () => {
    stopClock();
    const bucket = asObject(open({ wait }));
    const others = [
      (key: string, value: string) => void (bucket[key] = value),
      (key: string, value: string) => open({ wait }).set(key, value),
      (key: string, value: string) => open({ prefix: "" }).set(prefix + key, value),
      (key: string, value: string) =>
        open({ wait })
          .subMap("")
          .setMany([[key, value]]),
      (key: string, value: string) => batch(open({ wait }), () => (bucket[key] = value)),
    ];
    const read: (string | undefined)[] = [];
    for (const key in bucket) {
      read.push(bucket[key]);
      const write = read.length % 10 === 0 ? others[read.length / 10 - 1] : undefined;
      write?.(names[read.length]!, "new");
    }
    expect(read).toEqual(names.map((name, at) => (at % 10 === 0 && at > 0 ? "new" : name)));
  });

  it("does not hide a deletion", () => {
    stopClock();
    const map = open({ wait });
    const bucket = asObject(map);
    const read: (string | undefined)[] = [];
    for (const key of Object.keys(bucket)) {
      read.push(bucket[key]);
      if (read.length === 10) map.deleteMany(names.slice(10, 20));
    }
    expect(read.slice(10, 20)).toEqual(Array(10).fill(undefined));
    expect(read.slice(20)).toEqual(names.slice(20));
  });

  it("costs at most a window more where a loop is left early", () => {
    stopClock();
    const bucket = asObject(open({ wait, concurrency: 8 }));
    let turns = 0;
    for (const key in bucket) {
      expect(bucket[key]).toBe(key);
      if ((turns += 1) === 10) break;
    }
    // Whatever was begun has come to the server before this.
    expect(bucket["none"]).toBeUndefined();
    expect(gets()).toBeLessThanOrEqual(10 + 8 + 1);
  });

  it("costs at most one GET more in a loop that writes at each turn, or takes its time, or leaves keys out", () => {
    const clock = stopClock();
    const bucket = asObject(open({ wait }));
    for (const key in bucket) bucket[key] = `${bucket[key]}!`;
    expect(gets()).toBeLessThanOrEqual(size + 1);
    expect(server.counts().PUT).toBe(size);

    server.reset();
    for (const key in bucket) {
      expect(bucket[key]).toBe(`${key}!`);
      clock.pass(6);
    }
    expect(gets()).toBeLessThanOrEqual(size + 1);

    server.reset();
    for (const [at, key] of Object.keys(bucket).entries())
      if (at % 2 === 0) expect(bucket[key]).toBe(`${key}!`);
    expect(gets()).toBeLessThanOrEqual(size / 2 + 1);
  }, 60_000);

  it.each([1, 5, 8, 12])(
    "costs at most two windows more, and one GET in eight, in a loop that pauses every %i reads",
    async (often) => {
      const many = numberedKeys(150);
      await fill(server.directory, "bucket", prefix, many);
      const clock = stopClock();
      const bucket = asObject(open({ wait, concurrency: 8 }));
      for (const [at, key] of Object.keys(bucket).entries()) {
        expect(bucket[key]).toBe(key);
        if (at % often === 0) clock.pass(6);
      }
      // Whatever was begun has come to the server before this.
      expect(bucket["none"]).toBeUndefined();
      expect(gets()).toBeLessThanOrEqual(150 + 2 * 7 + 150 / 8 + 1);
    },
    60_000,
  );

  it("goes on with a whole window soon after a pause", () => {
    const clock = stopClock();
    const bucket = asObject(open({ wait, concurrency: 8 }));
    const read = (key: string): void => expect(bucket[key]).toBe(key);
    expect(Object.keys(bucket)).toEqual(names);
    names.slice(0, 20).forEach(read);
    clock.pass(6);
    const before = gets();
    names.slice(20, 32).forEach(read);
    // Whatever was begun has come to the server before this.
    expect(bucket["none"]).toBeUndefined();
    // Some of the first window may have been counted only now.
    expect(gets()).toBeGreaterThanOrEqual(before + 12 + 1 + 6);
  });

  it("is not begun by a read of any one of the keys", () => {
    stopClock();
    const bucket = asObject(open({ wait }));
    expect(Object.keys(bucket)).toHaveLength(size);
    for (const at of [50, 7, 7, 30]) expect(bucket[names[at]!]).toBe(names[at]);
    expect(gets()).toBe(4);
  });

  it("asks again for what failed ahead, and says nothing of it", () => {
    stopClock();
    const bucket = asObject(open({ wait, concurrency: 8 }));
    server.fault({ key: /7$/, operation: "GET", times: 1, action: { status: 403, code: "AccessDenied" } });
    expect(Object.values(bucket)).toEqual(names);
    expect(gets()).toBe(size + 1);
  });

  it("tells a failure that lasts at the read that meets it", () => {
    const bucket = asObject(open({ wait }));
    const key = names[17]!;
    const action = { status: 403, code: "AccessDenied" };
    server.fault({ key: new RegExp(`${key}$`), operation: "GET", times: Infinity, action });
    let last = "";
    const loop = (): void => {
      for (const name in bucket) {
        last = name;
        void bucket[name];
      }
    };
    expect(loop).toThrow(
      expect.objectContaining({ code: "AccessDenied", operation: "get", key: prefix + key }),
    );
    expect(last).toBe(key);
  });

  it("serves loops within loops, each in its order", () => {
    stopClock();
    const map = open({ wait });
    const bucket = asObject(map);
    const inner = asObject(map.subMap("key 0000"));
    let turns = 0;
    for (const key in bucket) {
      expect(bucket[key]).toBe(key);
      if ((turns += 1) % 20 === 0) for (const name in inner) expect(inner[name]?.endsWith(name)).toBe(true);
    }
    expect(turns).toBe(size);
    expect(server.maxConcurrent()).toBeGreaterThan(3);
  });

  it("sees what was written before it in a batch", () => {
    const map = open({ wait });
    const bucket = asObject(map);
    batch(map, () => {
      for (const name of names) bucket[name] = `${name}!`;
      expect({ ...bucket }).toEqual(Object.fromEntries(names.map((name) => [name, `${name}!`])));
    });
  });

  it("holds no more than 16 MiB, by the sizes that were listed", () => {
    stopClock();
    const map = open({ wait, prefix: `${prefix}big/`, readAs: "bytes" });
    const five = Buffer.alloc(5 * 1024 * 1024, 1);
    map.setMany(names.slice(0, 8).map((name) => [name, five] as const));
    server.reset();
    for (const value of Object.values(asObject(map)))
      expect((value as unknown as Buffer).length).toBe(five.length);
    expect(gets()).toBe(8);
    expect(server.maxConcurrent()).toBeLessThanOrEqual(4);
  }, 30_000);

  it("is promised by entries(), whatever time the program takes with each", () => {
    const clock = stopClock();
    for (const [key, value] of open({ wait }).entries()) {
      expect(value).toBe(key);
      clock.pass(50);
    }
    expect(gets()).toBe(size);
  });

  it("ends with an iterator that is left", () => {
    stopClock();
    const map = open({ wait, concurrency: 8 });
    let turns = 0;
    for (const [key, value] of map) {
      expect(value).toBe(key);
      if ((turns += 1) === 10) break;
    }
    expect(map.get("none")).toBeUndefined();
    expect(gets()).toBeLessThanOrEqual(10 + 8 + 1);
  });
});

it("does not hide a write of a callback that runs during a deasync wait", async () => {
  const bucket = asObject(open({ wait: "deasync" }));
  const keys = Object.keys(bucket);
  const written = new Set<string>();
  let at = 0;
  const timer = setInterval(() => {
    // One that is likely to have begun.
    const key = names[at + 2];
    if (key === undefined) return;
    bucket[key] = "new";
    written.add(key);
  }, 2);
  for (at = 0; at < keys.length; at += 1) {
    const before = written.has(keys[at]!);
    const value = bucket[keys[at]!];
    if (before) expect(value).toBe("new");
  }
  clearInterval(timer);
  await new Promise(setImmediate);
  expect(written.size).toBeGreaterThan(0);
});
