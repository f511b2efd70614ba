import { spawn, spawnSync } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { S3BucketMap } from "../../lib/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";

const dist = path.join(__dirname, "../../dist");
const credentials = { accessKeyId: "key", secretAccessKey: "secret" };

let server: HttpS3;
let repl: ChildProcessWithoutNullStreams | undefined;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => {
  server.clearFaults();
  repl?.kill("SIGKILL");
});

let places = 0;
/** Where a program works, and the lines with which it begins. */
function open(wait: string): { strings: S3BucketMap; begin: string } {
  const options = { endpoint: server.endpoint, credentials, prefix: `${places++}/`, wait };
  const strings = new S3BucketMap("bucket", { ...options, wait: "atomics" });
  const begin =
    `const { S3BucketMap, asObject, batch } = require(${JSON.stringify(dist)});` +
    `const { edit, json, live } = require(${JSON.stringify(path.join(dist, "layers"))});` +
    `const base = json(new S3BucketMap("bucket", ${JSON.stringify(options)}));` +
    `const users = asObject(live(base));`;
  strings.set("ann", '{"n":1,"list":[{"id":1}]}');
  strings.set("bob", '{"n":1}');
  return { strings, begin };
}

describe.each(["atomics", "deasync"])("process.exit in a batch of live documents, wait: %s", (wait) => {
  const run = (begin: string, fn: string): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, ["-e", `${begin} ${fn}`], { encoding: "utf8", timeout: 60_000 });

  it("stores what was edited before it, each key by one PUT", () => {
    const { strings, begin } = open(wait);
    server.reset();
    const fn = `batch(users, () => {
      const { ann } = users;
      ann.n = 2; ann.list.push(5); users.bob.n = 3; users.new = { n: 4 };
      process.exit();
    })`;
    expect(run(begin, fn)).toMatchObject({ status: 0, stderr: "" });
    expect(
      server.log().filter(({ method, key }) => method === "PUT" && /(ann|bob|new)$/.test(key)).length,
    ).toBe(3);
    expect([strings.get("ann"), strings.get("bob"), strings.get("new")]).toEqual([
      '{"n":2,"list":[{"id":1},5]}',
      '{"n":3}',
      '{"n":4}',
    ]);
  });

  it("prints what could not be stored, and the exit code tells", () => {
    const { strings, begin } = open(wait);
    const fn = `batch(users, () => {
      users.ann.list[0].id = 2; users.bob.n = 3;
      edit(base, "ann", (user) => void user.list.unshift(0));
      process.exit();
    })`;
    const { status, stderr } = run(begin, fn);
    expect(stderr).toMatch(
      /^s3bucketmap: batch at exit: Of 2 keys, 1 was written and 1 was not; the first that failed: Cannot edit "\d+\/ann" in bucket "bucket": DocumentChanged/,
    );
    expect(status).toBe(1);
    expect([strings.get("ann"), strings.get("bob")]).toEqual(['{"n":1,"list":[0,{"id":1}]}', '{"n":3}']);
  });
});

describe.each(["atomics", "deasync"])("Ctrl-C in the REPL in a batch of live documents, wait: %s", (wait) => {
  let output: string;
  let seen: number;
  let wake: () => void;
  const says = async (text: string): Promise<void> => {
    for (;;) {
      const at = output.indexOf(text, seen);
      if (at !== -1) {
        seen = at + text.length;
        return;
      }
      if (repl?.exitCode !== null) throw new Error(`it ended, and said:\n${output.slice(seen)}`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const start = (begin: string): ((line: string) => void) => {
    [output, seen, wake] = ["", 0, (): void => {}];
    const child = spawn(process.execPath, ["-i"]);
    repl = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += String(chunk);
        wake();
      });
    }
    child.on("exit", () => wake());
    const type = (line: string): void => void child.stdin.write(`${line}\n`);
    type(begin);
    return type;
  };
  const asked = async (key: string): Promise<void> => {
    while (!server.log().some((request) => request.key.endsWith(key)))
      await new Promise((resolve) => setTimeout(resolve, 2));
  };
  const interrupt = async (): Promise<void> => {
    repl!.kill("SIGINT");
    await says("interrupted");
  };

  it("drops what it has not stored: the documents show again what is stored, with the same objects", async () => {
    const { strings, begin } = open(wait);
    server.fault({ key: /stalled/, action: { stall: "before" }, times: Infinity });
    const type = start(begin);
    type('const { ann } = users; const first = ann.list[0]; [ann.n, "ready"]');
    await says("'ready'");
    for (let time = 0; time < 3; time += 1) {
      server.reset();
      const edits = "ann.n = 9; ann.list.unshift({ id: 0 });";
      type(`batch(users, () => { ${edits} batch(users, () => users["stalled ${time}"]); })`);
      await asked(`stalled ${time}`);
      await interrupt();
      type('[ann.n, ann.list.length, ann.list[0] === first, users.ann.n].join("; ") + " read"');
      await says("'1; 1; true; 1 read'");
      expect(strings.get("ann")).toBe('{"n":1,"list":[{"id":1}]}');
    }
    // What is edited now is stored at once, and is not part of a batch any more.
    type('first.id = 7; users.ann.list[0].id + " stored"');
    await says("'7 stored'");
    expect(strings.get("ann")).toBe('{"n":1,"list":[{"id":7}]}');
    type(".exit");
    expect(await once(repl!, "exit")).toEqual([0, null]);
    expect(strings.get("ann")).toBe('{"n":1,"list":[{"id":7}]}');
  }, 60_000);

  it.each([
    ["and were not", "before", 1],
    ["and were", "after-apply", 9],
  ] as const)(
    "while its edits are being stored, %s, leaves the next edits true",
    async (_were, when, n) => {
      const { strings, begin } = open(wait);
      const type = start(begin);
      type('const { ann } = users; const first = ann.list[0]; ann.list.push({ id: 2 }); "ready"');
      await says("'ready'");
      server.fault({ key: /ann$/, operation: "PUT", action: { stall: when }, times: 1 });
      server.reset();
      type("batch(users, () => { ann.n = 9; ann.list.pop(); });");
      await asked("ann");
      await interrupt();
      type('[ann.list.length, ann.list[0] === first].join("; ") + " shown"');
      await says("'2; true shown'");
      // The field was not read before, and the edit of it is another one.
      type('ann.more = 5; users.ann.n + " stored"');
      await says(`'${n} stored'`);
      expect(JSON.parse(strings.get("ann")!)).toEqual({
        n,
        list: when === "before" ? [{ id: 1 }, { id: 2 }] : [{ id: 1 }],
        more: 5,
      });
      type(".exit");
      await once(repl!, "exit");
    },
    60_000,
  );

  it("in a comparator, and in a function of update, leaves the next edit possible", async () => {
    const { strings, begin } = open(wait);
    server.fault({ key: /stalled/, action: { stall: "before" }, times: Infinity });
    const type = start(begin);
    type('const { ann } = users; ann.list.push({ id: 0 }); "ready"');
    await says("'ready'");
    for (const call of [
      'ann.list.sort(() => users["stalled 1"])',
      'edit(users, "ann", () => users["stalled 2"])',
    ]) {
      server.reset();
      type(call);
      await asked(/stalled \d/.exec(call)![0]);
      await interrupt();
      type('ann.n += 1; users.ann.n + " stored"');
      await says(" stored'");
    }
    expect(strings.get("ann")).toBe('{"n":3,"list":[{"id":1},{"id":0}]}');
    type(".exit");
    await once(repl!, "exit");
  }, 60_000);
});
