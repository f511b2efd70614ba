import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

const library = JSON.stringify(path.join(__dirname, "../dist/index.js"));

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(async () => {
  await server.close();
});
afterEach(() => {
  server.clearFaults();
  for (const program of programs.splice(0)) program.child.kill("SIGKILL");
});

function open(wait: string): string {
  const options = {
    endpoint: server.endpoint,
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    prefix: `${wait}/`,
    wait,
  };
  return `const { s3Bucket } = require(${library}); const bucket = s3Bucket("bucket", ${JSON.stringify(options)});`;
}

const programs: Program[] = [];

/** A child whose output can be waited for. */
class Program {
  readonly child: ChildProcessWithoutNullStreams;
  output = "";
  #seen = 0;
  #wake = (): void => {};

  constructor(args: string[]) {
    this.child = spawn(process.execPath, args);
    programs.push(this);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on("data", (chunk) => {
        this.output += String(chunk);
        this.#wake();
      });
    }
    this.child.on("exit", () => this.#wake());
  }

  type(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** Resolves when the text has come, after what was waited for last. */
  async says(text: string): Promise<void> {
    for (;;) {
      const at = this.output.indexOf(text, this.#seen);
      if (at !== -1) {
        this.#seen = at + text.length;
        return;
      }
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`it ended, and said:\n${this.output.slice(this.#seen)}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** Resolves when the server has seen a request for the key since it was last reset. */
async function asked(key: string): Promise<void> {
  while (!server.log().some((request) => request.key.endsWith(key))) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const times = 100;

describe.each(["atomics", "deasync"])("Ctrl-C in the REPL, wait: %s", (wait) => {
  it("ends a stalled call and gives the prompt back; the next call is right", async () => {
    server.fault({ key: /stalled/, action: { stall: "before" }, times: Infinity });
    const repl = new Program(["-i"]);
    repl.type(open(wait));
    repl.type(`bucket.key = "value"`);
    await repl.says("'value'");
    for (let time = 0; time < times; time += 1) {
      server.reset();
      repl.type(time % 2 === 0 ? `bucket["stalled ${time}"]` : `bucket["stalled ${time}"] = "never"`);
      await asked(`stalled ${time}`);
      repl.child.kill("SIGINT");
      await repl.says("interrupted");
      repl.type(`bucket.key = "value ${time}"; [bucket.key, bucket.missing].join("; ") + " read"`);
      await repl.says(`'value ${time};  read'`);
    }
    repl.type(".exit");
    expect(await once(repl.child, "exit")).toEqual([0, null]);
  }, 120_000);

  it("at any moment of a loop of calls leaves the next call right", async () => {
    const repl = new Program(["-i"]);
    repl.type(open(wait));
    repl.type("setInterval(() => {}, 1).unref();");
    repl.type(
      `const loop = (key) => { for (let i = 0; ; i += 1) { bucket[key] = "v" + i; if (bucket[key] !== "v" + i) throw new Error("wrong reply"); } };`,
    );
    for (let time = 0; time < times; time += 1) {
      server.reset();
      repl.type(`loop("k${time}")`);
      await asked(`/k${time}`);
      // Not a proof, only a different moment each time.
      await new Promise((resolve) => setTimeout(resolve, (time * 7) % 23));
      repl.child.kill("SIGINT");
      await repl.says("interrupted");
      repl.type(`bucket.key = "round ${time}"; bucket.key + " read"`);
      await repl.says(`'round ${time} read'`);
    }
    expect(repl.output).not.toContain("wrong reply");
    repl.type(".exit");
    expect(await once(repl.child, "exit")).toEqual([0, null]);
  }, 120_000);
});

describe.each(["atomics", "deasync"])("SIGINT in a script, wait: %s", (wait) => {
  it("ends a script without a handler in the middle of a call, as any blocking call", async () => {
    server.reset();
    server.fault({ key: /stalled/, action: { stall: "before" }, times: Infinity });
    const script = new Program(["-e", `${open(wait)} bucket.stalled;`]);
    await asked("stalled");
    script.child.kill("SIGINT");
    expect(await once(script.child, "exit")).toEqual([null, "SIGINT"]);
  });

  it("is heard by a handler that uses the bucket itself, 100 times", async () => {
    const script = new Program([
      "-e",
      `${open(wait)}
       let heard = 0;
       process.on("SIGINT", () => {
         heard += 1;
         bucket.heard = "heard " + heard;
         console.log(bucket.heard);
         if (heard === 100) clearInterval(timer);
       });
       const timer = setInterval(() => {
         bucket.loop = "loop " + heard;
         if (!bucket.loop.startsWith("loop ")) throw new Error("wrong reply: " + bucket.loop);
       }, 0);
       console.log("begun");`,
    ]);
    await script.says("begun");
    for (let time = 1; time <= 100; time += 1) {
      script.child.kill("SIGINT");
      await script.says(`heard ${time}\n`);
    }
    expect(await once(script.child, "exit")).toEqual([0, null]);
  }, 60_000);
});

describe.each(["atomics", "deasync"])("SIGINT during getFile, wait: %s", (wait) => {
  let folder: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(tmpdir(), "s3bucketmap-interrupted-"));
    fs.writeFileSync(path.join(folder, "old"), "old");
    server.reset();
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const SIZE = 3 * 1024 ** 2;
  const map = `const map = require(${library}).asMap(bucket);`;
  const stored = `${map} map.set("file", "x".repeat(${SIZE}));`;
  const get = (name: string): string => `map.getFile("file", ${JSON.stringify(path.join(folder, name))});`;
  const left = (): string[] => fs.readdirSync(folder);
  /** Resolves when a download is in the middle. */
  const begun = async (): Promise<void> => {
    const sizes = (): number[] => left().map((name) => fs.statSync(path.join(folder, name)).size);
    while (!sizes().some((size) => size > 1000)) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  const stall = (): void =>
    server.fault({ operation: "GET", key: /file/, times: Infinity, action: { stall: "mid-body" } });

  it("ends a script without a handler, and leaves no temporary file", async () => {
    stall();
    for (const around of [(code: string) => code, (code: string) => `setImmediate(() => { ${code} });`]) {
      const script = new Program([
        "-e",
        `${open(wait)} ${stored} ${around(get("old"))} console.log("wrong");`,
      ]);
      await begun();
      script.child.kill("SIGINT");
      expect(await once(script.child, "exit")).toEqual([null, "SIGINT"]);
      expect(left()).toEqual(["old"]);
    }
    expect(fs.readFileSync(path.join(folder, "old"), "utf8")).toBe("old");
  });

  it("leaves no temporary file at any moment of a loop of downloads", async () => {
    for (let time = 0; time < 10; time += 1) {
      const script = new Program([
        "-e",
        `${open(wait)} ${stored} for (;;) { ${get("new")} console.log("once"); }`,
      ]);
      await script.says("once");
      // Not a proof, only a different moment each time.
      await new Promise((resolve) => setTimeout(resolve, (time * 7) % 23));
      // A signal that comes just when a deasync wait ends may be lost.
      const again = setInterval(() => script.child.kill("SIGINT"), 2000);
      script.child.kill("SIGINT");
      expect(await once(script.child, "exit")).toEqual([null, "SIGINT"]);
      clearInterval(again);
      expect(left()).toEqual(["new", "old"]);
      expect(fs.statSync(path.join(folder, "new")).size).toBe(SIZE);
    }
  }, 60_000);

  it("is heard by the program's own handler, and the download goes on", async () => {
    server.fault({ operation: "GET", key: /file/, action: { hold: 1 } });
    const script = new Program([
      "-e",
      `${open(wait)} ${stored} process.on("SIGINT", () => console.log("heard"));
       console.log("begins"); ${get("new")} setTimeout(() => console.log("done"), 50);`,
    ]);
    await script.says("begins");
    while (!server.log().some(({ operation }) => operation === "GetObject"))
      await new Promise((resolve) => setTimeout(resolve, 2));
    script.child.kill("SIGINT");
    const ended = once(script.child, "exit");
    let isOver = false;
    const said = script.says("heard").then(() => script.says("done"));
    void said.finally(() => (isOver = true)).catch(() => {});
    // The rest of the body comes once the server has answered another request.
    while (!isOver) {
      await (await fetch(server.endpoint)).text();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await said;
    expect(await ended).toEqual([0, null]);
    expect(left()).toEqual(["new", "old"]);
  });

  it("ends the line at a prompt, and leaves no temporary file", async () => {
    stall();
    const repl = new Program(["-i"]);
    repl.type(`${open(wait)} ${stored}`);
    repl.type(get("old"));
    await begun();
    repl.child.kill("SIGINT");
    await repl.says("interrupted");
    expect(left()).toEqual(["old"]);
    repl.type(`bucket.key = "value"; bucket.key + " read"`);
    await repl.says("'value read'");
    repl.type(".exit");
    expect(await once(repl.child, "exit")).toEqual([0, null]);
  });
});

it("process.exit() in a callback during getFile leaves no temporary file", async () => {
  const folder = fs.mkdtempSync(path.join(tmpdir(), "s3bucketmap-exit-"));
  try {
    server.fault({ operation: "GET", key: /file/, times: Infinity, action: { stall: "mid-body" } });
    const script = new Program([
      "-e",
      `${open("deasync")} const fs = require("fs"); const map = require(${library}).asMap(bucket);
       map.set("file", "x".repeat(3e6));
       const folder = ${JSON.stringify(folder)};
       setInterval(() => {
         const [name] = fs.readdirSync(folder);
         if (name !== undefined && fs.statSync(folder + "/" + name).size > 1000) process.exit(7);
       }, 5);
       map.getFile("file", folder + "/new");`,
    ]);
    expect(await once(script.child, "exit")).toEqual([7, null]);
    expect(fs.readdirSync(folder)).toEqual([]);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

describe.each(["atomics", "deasync"])("SIGSTOP and SIGCONT, wait: %s", (wait) => {
  it("after 10 s do not make a call fail, nor its worker be taken for dead", async () => {
    server.reset();
    server.fault({ key: /slow/, action: { delayMs: 300 } });
    const script = new Program([
      "-e",
      `${open(wait)} bucket.slow = "value"; console.log(bucket.slow, process.report.getReport().workers.length);`,
    ]);
    await asked("slow");
    script.child.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    script.child.kill("SIGCONT");
    await script.says("value 1\n");
    expect(await once(script.child, "exit")).toEqual([0, null]);
  }, 60_000);
});
