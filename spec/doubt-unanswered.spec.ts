import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { hostileBuild } from "./support/hostile-build.js";
import type { HostileBuild } from "./support/hostile-build.js";
import { startSilentServer } from "./support/silent-server.js";

// Where the worker cannot say how a write ended: whether the write was sent decides if it may have happened.

jest.setTimeout(120_000);

let build: HostileBuild;
let sendings: string;
let source: string;
let server: Awaited<ReturnType<typeof startSilentServer>>;
beforeAll(async () => {
  build = hostileBuild();
  sendings = path.join(build.folder, "dist/worker.js");
  source = readFileSync(sendings, "utf8");
  server = await startSilentServer("deaf");
});
afterAll(() => {
  server.stop();
  build.remove();
});

// It comes when the request is made, or when it has left.
const moments = {
  before: (harm: string) => `Sending.prototype.begin = () => { ${harm}; };`,
  after: (harm: string) =>
    `const { beforeSend } = Sending.prototype;
     Sending.prototype.beforeSend = function () {
       beforeSend.call(this);
       setImmediate(() => setImmediate(() => { ${harm}; }));
     };`,
};

const program = `
  const { S3BucketMap } = require(process.argv[1]);
  const map = new S3BucketMap("bucket", {
    endpoint: "http://127.0.0.1:" + process.argv[2],
    region: "us-east-1",
    credentials: { accessKeyId: "id", secretAccessKey: "secret" },
    wait: process.argv[3],
    timeoutMs: 8000,
  });
  const writes = { set: () => map.set("key", "value"), delete: () => map.delete("key") };
  try {
    writes[process.argv[4]]();
  } catch ({ code, message }) {
    console.log(JSON.stringify({ code, message }));
  }`;

describe.each(["atomics", "deasync"])("wait: %s", (wait) => {
  it.each([
    ["set", "before", "loop", "TimedOut"],
    ["set", "before", "exit", "WorkerDied"],
    ["delete", "before", "exit", "WorkerDied"],
    ["set", "after", "loop", "TimedOut"],
    ["set", "after", "exit", "WorkerDied"],
    ["delete", "after", "exit", "WorkerDied"],
  ] as const)("%s, harm %s it was sent, by %s: says whether it may have happened", (op, when, how, code) => {
    const harm = how === "loop" ? "for (;;);" : "process.exit(7)";
    writeFileSync(sendings, source + moments[when](harm));
    const { stdout } = spawnSync(
      process.execPath,
      ["-e", program, build.library, String(server.port), wait, op],
      { encoding: "utf8" },
    );
    const said = expect.stringContaining("the write may still have happened") as string;
    const notSaid = expect.not.stringContaining("may still have happened") as string;
    expect(JSON.parse(stdout)).toEqual({ code, message: when === "after" ? said : notSaid });
  });
});
