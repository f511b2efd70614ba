import { spawnSync } from "node:child_process";
import path from "node:path";
import { S3BucketMap } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

const index = JSON.stringify(path.join(__dirname, "../dist/index.js"));
const layers = JSON.stringify(path.join(__dirname, "../dist/layers/index.js"));
let places = 0;

describe.each(["atomics", "deasync"] as const)(
  "an exit handler that runs inside a batch, wait: %s,",
  (wait) => {
    let base: S3BucketMap;
    let program: (code: string) => ReturnType<typeof spawnSync>;
    beforeEach(() => {
      const options = {
        endpoint: server.endpoint,
        credentials: { accessKeyId: "key", secretAccessKey: "secret" },
        prefix: `${(places += 1)}/`,
      };
      base = new S3BucketMap("bucket", options);
      base.setMany([
        ["gone", "1"],
        ["d", '{"x":1,"t":[]}'],
      ]);
      program = (code) => {
        const text = `
        const { asObject, batch, S3BucketMap } = require(${index});
        const { json, live, writeBuffer } = require(${layers});
        const map = new S3BucketMap("bucket", { ...${JSON.stringify(options)}, wait: "${wait}" });
        const atExit = (fn) => process.on("exit", fn);
        ${code}`;
        return spawnSync(process.execPath, ["-e", text], { encoding: "utf8", timeout: 60_000 });
      };
    });

    it.each<[string, string, Record<string, string | undefined>]>([
      ["a set", 'atExit(() => map.set("k", "1")); batch(map, () => process.exit());', { k: "1" }],
      [
        "a set over one of the batch",
        'atExit(() => map.set("k", "new")); batch(map, () => { map.set("k", "old"); process.exit(); });',
        { k: "new" },
      ],
      [
        "a delete",
        "atExit(() => delete asObject(map).gone); batch(map, () => process.exit());",
        { gone: undefined },
      ],
      [
        "a set through layers",
        'const docs = json(writeBuffer(map)); atExit(() => docs.set("k", 1)); batch(docs, () => process.exit());',
        { k: "1" },
      ],
      [
        "an edit",
        `const docs = live(json(map)); const d = docs.get("d"); atExit(() => void (d.x = 3));
       batch(docs, () => { d.t.push(1); process.exit(); });`,
        { d: '{"x":3,"t":[1]}' },
      ],
      [
        "an edit over writeBuffer",
        `const docs = live(json(writeBuffer(map))); atExit(() => void (docs.get("d").x = 3));
       batch(docs, () => { docs.get("d").t.push(1); process.exit(); });`,
        { d: '{"x":3,"t":[1]}' },
      ],
      [
        "a set in an inner batch",
        'atExit(() => batch(map, () => map.set("k", "1"))); batch(map, () => process.exit());',
        { k: "1" },
      ],
    ])("stores %s", (_what, code, stored) => {
      expect(program(code)).toMatchObject({ status: 0, stderr: "" });
      for (const [key, value] of Object.entries(stored)) expect(base.get(key)).toBe(value);
    });

    it("is told the keys of edits that a closed map can no longer store", () => {
      const { stderr, status } = program(`
      const docs = live(json(map)); const d = docs.get("d");
      batch(docs, () => { d.x = 3; map.close(); process.exit(); });`);
      expect(stderr).toMatch(/^ {2}"d": Cannot .*Closed/m);
      expect(status).toBe(1);
    });

    it("gets the error of a write that is refused", () => {
      server.fault({ key: /bad$/, operation: "PUT", action: { status: 403, code: "AccessDenied" } });
      const { stdout } = program(`
      atExit(() => { try { map.set("bad", "1"); } catch ({ code }) { console.log(code); } });
      batch(map, () => process.exit());`);
      expect(stdout).toBe("AccessDenied\n");
    });
  },
);

// Only `deasync` runs callbacks while a call waits.
describe.each([
  ["process.exit()", 0],
  ['throw new Error("boom")', 1],
])("a callback that ends the process by %s while a batch waits at its end", (ending, status) => {
  it.each([
    ["map", "map"],
    ["cache(map)", "cache(map)"],
    ["live(json(map))", "live(json(map))"],
    ["writeBuffer(map)", "writeBuffer(map)"],
  ])("leaves all writes stored: %s", (_what, stack) => {
    const options = {
      endpoint: server.endpoint,
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
      prefix: `${(places += 1)}/`,
    };
    server.fault({ operation: "PUT", times: Infinity, action: { delayMs: 300 } });
    const program = `
      const { batch, S3BucketMap } = require(${index});
      const { cache, json, live, writeBuffer } = require(${layers});
      const map = new S3BucketMap("bucket", { ...${JSON.stringify(options)}, wait: "deasync" });
      const top = ${stack};
      map.has("warm");
      setTimeout(() => { ${ending}; }, 20);
      batch(top, () => {
        for (let n = 0; n < 10; n += 1) top.set("k" + n, "1").set("k" + n, "2");
      });`;
    const ended = spawnSync(process.execPath, ["-e", program], { encoding: "utf8", timeout: 60_000 });
    server.clearFaults();
    expect(ended.status).toBe(status);
    const stored = [...new S3BucketMap("bucket", options).values()];
    expect(stored).toEqual(new Array(10).fill(stack.includes("json") ? '"2"' : "2"));
  });

  it.each<[string, object, string, string[]]>([
    ["is stored", { delayMs: 300 }, "{}", ['{"n":[1,2]}']],
    ["fails", { delayMs: 300, status: 503, code: "SlowDown" }, "{}", ['{"n":[1]}']],
    ["is overwritten", { delayMs: 300 }, 'map.set("a", "[3]")', ["[3]"]],
  ])("says that an edit may have been stored, where it %s", (_what, action, during, stored) => {
    const options = {
      endpoint: server.endpoint,
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
      prefix: `${(places += 1)}/`,
    };
    const base = new S3BucketMap("bucket", options);
    base.set("a", '{"n":[1]}').set("b", '{"n":[1]}');
    server.fault({ operation: "PUT", key: /a$/, action });
    const program = `
      const { asObject, batch, S3BucketMap } = require(${index});
      const { json, live } = require(${layers});
      const map = new S3BucketMap("bucket", { ...${JSON.stringify(options)}, wait: "deasync" });
      const docs = asObject(live(json(map)));
      const { a, b } = docs;
      batch(docs, () => { a.n.push(2); b.n.push(3); setTimeout(() => { ${during}; ${ending}; }, 20); });`;
    const ended = spawnSync(process.execPath, ["-e", program], { encoding: "utf8", timeout: 60_000 });
    server.clearFaults();
    expect(ended.stderr).toContain("Of 2 keys, 1 was written and 1 may have been;");
    expect(ended.stderr).toContain(
      "the process ended while the edits were being stored; they may have been stored.",
    );
    expect(ended.status).toBe(1);
    expect([base.get("a"), base.get("b")]).toEqual([...stored, '{"n":[1,3]}']);
  });

  it("reports a write that failed", () => {
    const options = {
      endpoint: server.endpoint,
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
      prefix: `${(places += 1)}/`,
    };
    const denied = { status: 403, code: "AccessDenied", delayMs: 300 };
    server.fault({ operation: "PUT", key: /bad$/, times: Infinity, action: denied });
    const program = `
      const { batch, S3BucketMap } = require(${index});
      const map = new S3BucketMap("bucket", { ...${JSON.stringify(options)}, wait: "deasync" });
      map.has("warm");
      setTimeout(() => { ${ending}; }, 20);
      batch(map, () => map.set("bad", "1"));`;
    const ended = spawnSync(process.execPath, ["-e", program], { encoding: "utf8", timeout: 60_000 });
    expect(ended.stderr).toContain("s3bucketmap: batch at exit: ");
    expect(ended.status).toBe(1);
  });
});
