import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3BucketMap } from "s3bucketmap";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { Prompts } from "../support/prompt.js";
import { hasTerminal, keys } from "../support/terminal.js";
import type { Terminal } from "../support/terminal.js";

// Without util-linux's `script` there is no terminal to be had; CONTRIBUTING says so.
const describeInTerminal = hasTerminal ? describe : describe.skip;

jest.setTimeout(60_000);

let server: HttpS3;
let prompts: Prompts;
let map: S3BucketMap;
beforeAll(async () => {
  server = await startHttpS3();
  prompts = new Prompts();
  map = new S3BucketMap("bucket", {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  });
});
afterAll(async () => {
  prompts.close();
  await server.close();
});
beforeEach(() => {
  map.clear();
  map.setMany(
    Object.entries({ testKey: "value", "test-2": "2", "a b/c": "3", "a b/d e": "4", "dir/x": "5" }),
  );
  server.reset();
});
afterEach(() => {
  server.clearFaults();
  prompts.endTerminals();
});

/** Resolves when the server has seen a request for the key. */
async function asked(key: string): Promise<void> {
  while (!server.log().some((request) => request.key === key)) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Presses Tab, and once more, as to see the list: pressed at once they would be text that is pasted. */
async function tabTwice(terminal: Terminal): Promise<void> {
  const before = server.counts().LIST;
  terminal.press(keys.tab);
  while (server.counts().LIST === before) await new Promise((resolve) => setTimeout(resolve, 2));
  terminal.press(keys.tab);
}

describeInTerminal("what the prompt sends", () => {
  let terminal: Terminal;
  beforeEach(async () => {
    terminal = await prompts.open(server);
  });

  it("sends nothing while someone types, and 1 GET at Enter", async () => {
    await terminal.type("bucket.testKey");
    expect(server.counts().total).toBe(0);
    terminal.press(keys.enter);
    await terminal.shows("'value'");
    expect(server.counts()).toMatchObject({ total: 1, GET: 1 });
  });

  it.each([
    "bucket.testKey.length",
    "bucket['testKey'].len",
    "({...bucket}).a",
    "Object.keys(bucket).le",
    "`${bucket.testKey}`",
  ])("sends nothing while someone types %s", async (line) => {
    await terminal.run("bucket.testKey");
    server.reset();
    await terminal.type(line);
    await terminal.run(keys.ctrlU + "0");
    expect(server.counts().total).toBe(0);
  });

  it("sends 1 small LIST at Tab, and none for what it has listed just now", async () => {
    await terminal.type("bucket.te");
    await tabTwice(terminal);
    await terminal.shows(/bucket\["test-2"\] +bucket\.testKey/);
    await terminal.type("stK");
    terminal.press(keys.tab);
    await terminal.shows(/^> bucket\.testKey$/m);
    const log = server.log();
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({
      operation: "ListObjectsV2",
      query: { prefix: "te", delimiter: "/", "max-keys": "100" },
    });
    terminal.press(keys.enter);
    await terminal.shows("'value'");
    expect(server.counts()).toMatchObject({ total: 2, LIST: 1, GET: 1 });
  });

  it("lists anew after a line, which may have changed the bucket", async () => {
    await terminal.type("bucket.n");
    await tabTwice(terminal);
    await terminal.run(keys.ctrlU + "bucket.newer = '1'");
    await terminal.type("bucket.n");
    terminal.press(keys.tab);
    await terminal.shows(/^> bucket\.newer$/m);
  });

  it("sends 1 LIST of at most 20 for the echo of the bucket", async () => {
    map.setMany(Array.from({ length: 30 }, (_, at) => [`n${at + 10}`, "x".repeat(at)]));
    server.reset();
    const shown = await terminal.run("bucket");
    const log = server.log();
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({ operation: "ListObjectsV2", query: { "max-keys": "20" } });
    expect(shown[0]).toBe(`S3 bucket object over S3BucketMap { s3://bucket/ }`);
    expect(shown[1]).toMatch(/^ +1 byte {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}a b\/c$/);
    expect(shown).toHaveLength(21);
    expect(shown.at(-1)).toBe("  … and more: .ls lists them");
    expect((await terminal.run("asObject(map.subMap('n'))")).at(-1)).toBe(
      "  … and more: Object.keys(_) has them all",
    );
    expect(await terminal.run("Object.keys(_).length")).toEqual(["30"]);
  });

  it("sends what a line needs and nothing else, for each of its commands", async () => {
    const sent = async (line: string): Promise<Record<string, number>> => {
      server.reset();
      await terminal.run(line);
      const counts = Object.entries(server.counts());
      return Object.fromEntries(counts.filter(([kind, count]) => kind !== "total" && count > 0));
    };
    expect(await sent(".ls")).toEqual({ LIST: 1 });
    expect(await sent(".head testKey")).toEqual({ HEAD: 1 });
    expect(await sent(".get testKey counted")).toEqual({ GET: 1 });
    expect(await sent(".put counted testKey")).toEqual({ PUT: 1 });
    expect(await sent(".stats")).toEqual({});
    expect(await sent(".timing on")).toEqual({});
    expect(await sent("map")).toEqual({});
    expect(await sent("[bucket, { bucket }]")).toEqual({});
  });
});

describeInTerminal("completion", () => {
  it("gives keys that are no identifiers in brackets, and stops at each folder", async () => {
    const terminal = await prompts.open(server);
    await terminal.type("bucket.a");
    terminal.press(keys.tab);
    await terminal.shows(/^> bucket\["a b\/$/m);
    terminal.press(keys.tab);
    await terminal.shows(/bucket\["a b\/c"\] +bucket\["a b\/d e"\]/);
    await terminal.type("d");
    terminal.press(keys.tab);
    await terminal.shows(/^> bucket\["a b\/d e"\]$/m);
    terminal.press(keys.enter);
    await terminal.shows("'4'");
  });

  it("completes the names of buckets, at 1 ListBuckets, and the keys in each", async () => {
    const terminal = await prompts.open(server);
    // Loads the SDK, which on a busy machine takes longer than Tab may.
    await terminal.run("'bucket' in s3");
    server.reset();
    await terminal.type("s3.buck");
    await terminal.shows(/^> s3\.buck/m);
    expect(server.counts().total).toBe(0);
    terminal.press(keys.tab);
    await terminal.shows(/^> s3\.bucket$/m);
    expect(server.log().map(({ operation }) => operation)).toEqual(["ListBuckets"]);
    await terminal.type(".testK");
    terminal.press(keys.tab);
    await terminal.shows(/^> s3\.bucket\.testKey$/m);
    terminal.press(keys.enter);
    await terminal.shows("'value'");
  });

  it("completes after another quote, a variable's name and ?.", async () => {
    const terminal = await prompts.open(server);
    await terminal.run("const mine = { deep: bucket }; 0");
    for (const [typed, completed] of [
      ["bucket['a b/d", `> bucket['a b/d e']`],
      ["bucket[`a b/d", "> bucket[`a b/d e`]"],
      ["mine.deep.testK", "> mine.deep.testKey"],
      ["bucket?.testK", "> bucket?.testKey"],
      ["'x' + bucket.testK", "> 'x' + bucket.testKey"],
    ] as const) {
      await terminal.type(typed);
      terminal.press(keys.tab);
      await terminal.until(() => terminal.lines.includes(completed), completed);
      await terminal.run(keys.ctrlU + "0");
    }
  });

  it("completes the members of a value whatever its key, and reads it once", async () => {
    const terminal = await prompts.open(server);
    await terminal.run("const mine = { 'a-b': [bucket, { 'x/y': new Map() }], text: '' }; 0");
    for (const [typed, completed, sent] of [
      ["bucket.testKey.toU", "> bucket.testKey.toUpperCase", 1],
      ['bucket["test-2"].toU', '> bucket["test-2"].toUpperCase', 1],
      ["bucket['a b/d e'].LEN", "> bucket['a b/d e'].length", 1],
      ["0 + bucket[`dir/x`]?.toU", "> 0 + bucket[`dir/x`]?.toUpperCase", 1],
      ['mine["a-b"][0].testK', '> mine["a-b"][0].testKey', 1],
      ['mine["a-b"][1]["x/y"].siz', '> mine["a-b"][1]["x/y"].size', 0],
      ['mine["a-b"].fla', '> mine["a-b"].flat', 0],
      ["mine.te", "> mine.text", 0],
      ["'text'.toU", "> 'text'.toUpperCase", 0],
    ] as const) {
      server.reset();
      await terminal.type(typed);
      expect(server.counts().total).toBe(0);
      terminal.press(keys.tab);
      await terminal.until(() => terminal.lines.includes(completed), completed);
      expect(server.counts().total).toBe(sent);
      await terminal.run(keys.ctrlU + "0");
    }
  });

  it("completes the members of a Buffer", async () => {
    const terminal = await prompts.open(server, ["--bytes", "bucket"]);
    await terminal.type('bucket["dir/x"].swap1');
    terminal.press(keys.tab);
    await terminal.shows('> bucket["dir/x"].swap16');
  });

  it("completes keys in the arguments of maps and commands", async () => {
    const terminal = await prompts.open(server);
    await terminal.run("const all = { 'a-b': map }; 0");
    for (const [typed, completed] of [
      ['map.get("testK', '> map.get("testKey"'],
      ["map.subMap('a", "> map.subMap('a b/"],
      [".get testK", "> .get testKey"],
      [".ls a", '> .ls "a b/'],
      ['.head "a b/d', '> .head "a b/d e"'],
      [".head 'a b/d", "> .head 'a b/d e'"],
      ['all["a-b"].get("testK', '> all["a-b"].get("testKey"'],
    ] as const) {
      server.reset();
      await terminal.type(typed);
      terminal.press(keys.tab);
      await terminal.until(() => terminal.lines.includes(completed), completed);
      expect(server.log().map(({ operation }) => operation)).toEqual(["ListObjectsV2"]);
      await terminal.run(keys.ctrlU + "0");
    }
  });

  it("offers nothing for the words of a command that are no key", async () => {
    const terminal = await prompts.open(server);
    await terminal.type(".put file some Mess");
    terminal.press(keys.tab + keys.tab);
    terminal.press("age");
    await terminal.shows(/^> \.put file some Message$/m);
    expect(terminal.raw).not.toContain("MessageChannel");
    await terminal.run(keys.ctrlU + "0");
    await terminal.type(".timing o");
    terminal.press(keys.tab + keys.tab);
    terminal.press("n");
    await terminal.shows(/^> \.timing on$/m);
    expect(terminal.raw).not.toContain("Object");
  });

  it("prints no key as the terminal would obey it, and completes to one that reads it", async () => {
    map.set("esc\x1b[2J\x9b\u202e'\"\\", "strange");
    const terminal = await prompts.open(server);
    await terminal.type("bucket.esc");
    terminal.press(keys.tab);
    await terminal.shows(String.raw`> bucket["esc\u001b[2J\u009b\u202e'\"\\"]`);
    terminal.press(keys.enter);
    await terminal.shows("'strange'");
    expect(terminal.raw).not.toContain("\x9b");
    expect((await terminal.run(".ls esc")).at(-1)).toContain(String.raw`"esc\u001b[2J\u009b\u202e'\"\\"`);
  });

  it("is capped, says so, and completes nothing that may be wrong", async () => {
    map.setMany(Array.from({ length: 150 }, (_, at) => [`same${String(at).padStart(3, "0")}`, ""]));
    server.reset();
    const terminal = await prompts.open(server);
    await terminal.type("bucket.sam");
    await tabTwice(terminal);
    await terminal.shows("… and more");
    expect(terminal.lines.join("\n")).toContain("bucket.same098");
    expect(terminal.lines.join("\n")).not.toContain("bucket.same099");
    await terminal.shows(/^> bucket\.sam$/m);
    expect(server.counts()).toMatchObject({ total: 1, LIST: 1 });
  });

  it.each([
    'map.delete("testKey").',
    'map.subMap("a b/").clear().',
    'bucket[map.delete("testKey")].',
    "Object.values(bucket).le",
    "[...map.values()].le",
    "map.clear``.",
  ])("evaluates no call: not while someone types %s, nor at Tab", async (line) => {
    const terminal = await prompts.open(server);
    // The connection and the worker are there.
    await terminal.run("bucket.testKey");
    server.reset();
    await terminal.type(line);
    terminal.press(keys.tab);
    await new Promise((resolve) => setTimeout(resolve, 100));
    terminal.press(keys.tab);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await terminal.run(keys.ctrlU + "0");
    expect(server.log()).toEqual([]);
    expect(map.size).toBe(5);
  });

  it("still is Node's for anything else", async () => {
    const terminal = await prompts.open(server);
    await terminal.type("process.versi");
    terminal.press(keys.tab);
    await terminal.shows(/^> process\.version$/m);
    expect(server.counts().total).toBe(0);
  });

  it.each([
    ["fails", { status: 403, code: "AccessDenied" }],
    ["never answers", { stall: "before" as const }],
  ])("gives the prompt back where the listing %s, and the next call is right", async (_how, action) => {
    server.fault({ operation: "LIST", action, times: Infinity });
    const terminal = await prompts.open(server);
    await terminal.type("bucket.testK");
    terminal.press(keys.tab);
    while (server.counts().LIST === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    await terminal.type("ey");
    terminal.press(keys.enter);
    await terminal.shows(/^> bucket\.testKey\n'value'\n>$/m);
    const [, second = ""] = await terminal.run("bucket");
    expect(second).toMatch(/keys cannot be listed: AccessDenied|keys were not listed within 2 s/);
    expect(await terminal.run("bucket.testKey")).toEqual(["'value'"]);
  });
});

describeInTerminal("type-ahead and paste", () => {
  it("keeps what is typed during a call", async () => {
    const terminal = await prompts.open(server);
    server.fault({ key: "slow", action: { delayMs: 500 } });
    terminal.press("bucket.slow = 'stored'\r");
    await asked("slow");
    terminal.press("bucket.after = 'second'\rbucket.slow + ' ' + bucket.after\r");
    await terminal.shows("'stored second'");
    expect(server.log().map(({ method, key }) => `${method} ${key}`)).toEqual([
      "PUT slow",
      "PUT after",
      "GET slow",
      "GET after",
    ]);
  });

  it("carries out 200 pasted lines in their order, and their results stand in that order", async () => {
    const terminal = await prompts.open(server);
    const numbers = Array.from({ length: 200 }, (_, at) => at);
    terminal.press(numbers.map((at) => `bucket.k${at} = 'pasted ${at}'\r`).join(""));
    await terminal.shows(/^'pasted 199'$/m);
    await terminal.prompt();
    expect(server.log().map(({ method, key }) => `${method} ${key}`)).toEqual(
      numbers.map((at) => `PUT k${at}`),
    );
    expect(terminal.lines.filter((line) => line.startsWith("'pasted"))).toEqual(
      numbers.map((at) => `'pasted ${at}'`),
    );
  });

  it("keeps the order after a line that awaits", async () => {
    const terminal = await prompts.open(server);
    terminal.press(
      "const late = await new Promise((resolve) => setTimeout(resolve, 50, bucket.testKey))\rbucket.late = late\r[bucket.late].length\r",
    );
    await terminal.shows(/^1$/m);
    expect(map.get("late")).toBe("value");
  });
});

describeInTerminal("Ctrl-C", () => {
  it.each([
    ["bucket.stalled", /Interrupted\.$/m],
    ["bucket.stalled = 'never'", "Interrupted. A write that was under way may still happen."],
    [".head stalled", /Interrupted\.$/m],
    ["await Promise.resolve(bucket.stalled)", /Interrupted\.$/m],
  ])("ends the stalled call of %s and not the session; the next call is right", async (line, says) => {
    server.fault({ key: "stalled", action: { stall: "before" }, times: Infinity });
    const terminal = await prompts.open(server);
    for (let time = 0; time < 5; time += 1) {
      server.reset();
      terminal.mark();
      terminal.press(`${line}\r`);
      await asked("stalled");
      terminal.press(keys.ctrlC);
      await terminal.shows(says);
      await terminal.prompt();
      expect(await terminal.run(`bucket.testKey = "value ${time}"`)).toEqual([`'value ${time}'`]);
      expect(await terminal.run("bucket.testKey + ' read'")).toEqual([`'value ${time} read'`]);
    }
  });

  it("leaves the interrupted requests in .timing and .stats", async () => {
    server.fault({ key: "stalled", action: { stall: "before" }, times: Infinity });
    server.fault({ operation: "LIST", action: { stall: "before" } });
    const big = `"x".repeat(${17 * 1024 * 1024})`;
    const terminal = await prompts.open(server);
    await terminal.run(".timing on");
    for (const [line, key, request] of [
      ["bucket.stalled", "stalled", "GetObject"],
      ["bucket.stalled = 'x'", "stalled", "PutObject"],
      [`bucket.stalled = ${big}`, "stalled", "CreateMultipartUpload"],
      ["map.size", "", "ListObjectsV2"],
    ] as const) {
      server.reset();
      terminal.mark();
      terminal.press(`${line}\r`);
      await asked(key);
      terminal.press(keys.ctrlC);
      await terminal.shows(`ms, 1 request (${request})`);
    }
    const stats = (await terminal.run(".stats")).join("\n");
    for (const name of ["GetObject", "PutObject", "ListObjectsV2"])
      expect(stats).toMatch(new RegExp(`${name} +1 +1 `));
  });

  it("ends a download, and nothing of it is left", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-terminal-spec-"));
    try {
      const terminal = await prompts.open(server);
      server.fault({ key: "testKey", action: { stall: "mid-body" } });
      terminal.press(`.get testKey ${path.join(folder, "copied")}\r`);
      await terminal.until(() => readdirSync(folder).length === 1, "the temporary file");
      terminal.press(keys.ctrlC);
      await terminal.shows("Interrupted.");
      expect(await terminal.run("bucket.testKey")).toEqual(["'value'"]);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("ends the listing of an echo, and an endless loop", async () => {
    const terminal = await prompts.open(server);
    server.fault({ operation: "LIST", action: { stall: "before" } });
    terminal.press("bucket\r");
    await asked("");
    terminal.press(keys.ctrlC);
    await terminal.shows("(interrupted)");
    terminal.press("for (;;) bucket.testKey\r");
    await asked("testKey");
    terminal.press(keys.ctrlC);
    await terminal.shows("Interrupted.");
    expect(await terminal.run("bucket.testKey")).toEqual(["'value'"]);
  });
});
