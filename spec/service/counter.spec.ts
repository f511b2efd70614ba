import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { promisify } from "node:util";
import { cannot, serviceMap } from "../support/service.js";

jest.setTimeout(120_000);

const PROCESSES = 8;
const TIMES = 5;

describe("a counter that eight processes update at once", () => {
  it("is exact, or each update is refused where the service lacks conditions", async () => {
    const prefix = `specs/${randomUUID()}/`;
    const map = serviceMap({ prefix });
    map.set("counter", "0");
    const file = path.join(__dirname, "../fixtures/bump.js");
    const args = [file, process.env["S3BUCKETMAP_SPEC_BUCKET"]!, JSON.stringify({ prefix }), String(TIMES)];
    const run = promisify(execFile);
    const runs = await Promise.all(Array.from({ length: PROCESSES }, () => run(process.execPath, args)));
    const outcomes = runs.map(({ stdout }) => JSON.parse(stdout) as Record<string, number>);
    const sum = (name: string): number => outcomes.reduce((total, outcome) => total + outcome[name]!, 0);
    const all = PROCESSES * TIMES;
    const [done, refused] = cannot("conditional-put") ? [0, all] : [all, 0];
    expect({ counter: Number(map.get("counter")), done: sum("done"), refused: sum("refused") }).toEqual({
      counter: done,
      done,
      refused,
    });
    expect([...map.keys()]).toEqual(["counter"]);
    map.clear();
  });
});
