import { spawnSync } from "node:child_process";
import { S3BucketMap } from "s3bucketmap";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { hook, library, node, Prompts } from "../support/prompt.js";
import { hasTerminal, keys } from "../support/terminal.js";
import type { Terminal } from "../support/terminal.js";

// Without util-linux's `script` there is no terminal to be had; CONTRIBUTING says so.
const describeInTerminal = hasTerminal ? describe : describe.skip;

jest.setTimeout(60_000);

let server: HttpS3;
let prompts: Prompts;
beforeAll(async () => {
  server = await startHttpS3();
  prompts = new Prompts();
  const map = new S3BucketMap("bucket", {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  });
  map.setMany(Object.entries({ testKey: "value", "a b/c": "3", user: '{"name":"Ann"}' }));
});
afterAll(async () => {
  prompts.close();
  await server.close();
});
afterEach(() => prompts.endTerminals());

const opened = `const bucket = require(${JSON.stringify(library)}).s3Bucket("bucket"); 0`;

async function preloaded(): Promise<Terminal> {
  const terminal = await prompts.start([node, "-r", hook], prompts.environment(server));
  await terminal.run(opened);
  return terminal;
}

async function required(): Promise<Terminal> {
  const terminal = await prompts.start([node], prompts.environment(server));
  await terminal.run(opened);
  await terminal.run(`require(${JSON.stringify(hook)}); 0`);
  return terminal;
}

describeInTerminal.each([
  ["node -r s3bucketmap/repl", preloaded],
  ['require("s3bucketmap/repl") at the prompt', required],
])("%s", (_how, open) => {
  it("sends nothing while someone types, and 1 GET at Enter", async () => {
    const terminal = await open();
    server.reset();
    await terminal.type("bucket.testKey");
    expect(server.counts().total).toBe(0);
    terminal.press(keys.enter);
    await terminal.shows("'value'");
    expect(server.counts()).toMatchObject({ total: 1, GET: 1 });
    await terminal.prompt();
    await terminal.type("bucket.testKey.len");
    expect(server.counts().total).toBe(1);
  });

  it("evaluates no call: not while someone types, nor at Tab", async () => {
    const terminal = await open();
    await terminal.run(`const m = require(${JSON.stringify(library)}).asMap(bucket); m.size`);
    await terminal.run("let called = 0; const f = () => { called += 1; return {} }; 0");
    server.reset();
    for (const line of [
      'm.delete("testKey").',
      "Object.values(bucket).le",
      "f().",
      "[f()][0].",
      "new f.constructor().",
      "f``.",
    ]) {
      await terminal.type(line);
      terminal.press(keys.tab);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await terminal.run(keys.ctrlU + "0");
    }
    expect(server.log()).toEqual([]);
    expect(await terminal.run("called")).toEqual(["0"]);
    await terminal.type("process.versi");
    terminal.press(keys.tab);
    await terminal.shows(/^> process\.version/m);
  });

  it("completes by 1 small LIST", async () => {
    const terminal = await open();
    server.reset();
    await terminal.type("bucket.a");
    terminal.press(keys.tab);
    await terminal.shows(/^> bucket\["a b\/$/m);
    expect(server.log()).toEqual([expect.objectContaining({ operation: "ListObjectsV2" })]);
    expect(server.log()[0]?.query).toMatchObject({ prefix: "a", delimiter: "/", "max-keys": "100" });
  });

  it("echoes a facade as what it is, by 1 LIST of at most 20, and one inside another value by none", async () => {
    const terminal = await open();
    server.reset();
    const shown = await terminal.run("bucket");
    expect(shown[0]).toBe("S3 bucket object over S3BucketMap { s3://bucket/ }");
    expect(shown.slice(1).map((line) => line.trim().split("  ").at(-1))).toEqual([
      "a b/c",
      "testKey",
      "user",
    ]);
    expect(server.log()).toEqual([expect.objectContaining({ operation: "ListObjectsV2" })]);
    expect(server.log()[0]?.query).toMatchObject({ "max-keys": "20" });
    server.reset();
    expect(await terminal.run("[bucket]")).toEqual([
      "[ S3 bucket object over S3BucketMap { s3://bucket/ } ]",
    ]);
    expect(server.counts().total).toBe(0);
  });

  it("knows any facade in scope: over a layer, over a native Map, within an object", async () => {
    const terminal = await open();
    const lib = JSON.stringify(library);
    await terminal.run(`const { asMap, asObject } = require(${lib}); 0`);
    await terminal.run(`const { json } = require(${lib.replace("index.js", "layers/index.js")}); 0`);
    await terminal.run("const mine = { users: asObject(json(asMap(bucket))) }; 0");
    await terminal.type("mine.users.us");
    terminal.press(keys.tab);
    await terminal.shows(/^> mine\.users\.user$/m);
    terminal.press(keys.enter);
    await terminal.shows("{ name: 'Ann' }");
    await terminal.prompt();
    await terminal.run("const native = asObject(new Map([['one', 1], ['two/x', 2]])); 0");
    const shown = await terminal.run("native");
    expect(shown.map((line) => line.trim()).slice(1)).toEqual(["one", "two/x"]);
    await terminal.type("native.tw");
    terminal.press(keys.tab);
    await terminal.shows(/^> native\["two\/$/m);
  });
});

describe("s3bucketmap/repl where there is no prompt", () => {
  it("changes nothing, and does not load Node's REPL", () => {
    const program = "console.log(process.moduleLoadList.includes('NativeModule repl'))";
    const { status, stdout, stderr } = spawnSync(node, ["-r", hook, "-e", program], {
      encoding: "utf8",
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "false\n", stderr: "" });
  });
});
