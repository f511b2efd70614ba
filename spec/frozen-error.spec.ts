import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

jest.setTimeout(60_000);

const script = `
  const { batch, S3BucketMap, asObject } = require(${JSON.stringify(path.join(__dirname, "../dist/index.js"))});
  const { json } = require(${JSON.stringify(path.join(__dirname, "../dist/layers/index.js"))});
  const local = process.argv[1];
  for (const wait of ["atomics", "deasync"]) {
    const map = new S3BucketMap("bucket", { local, wait, prefix: wait + "/" });
    const deep = (depth, then) => (depth === 0 ? then() : deep(depth - 1, then));
    batch(map, () => {
      map.set("a", "1");
      // Deeper than the frames that a stack has without asking for more.
      deep(100, () => batch(map, () => map.set("b", "2").delete("c")));
      map.set("d", "4");
    });
    map.update("a", (value) => value + "1");
    if (map.create("e", "5") !== true) throw new Error("create");
    json(map).set("f", { g: 1 });
    let code;
    try {
      new S3BucketMap("bucket", { local, wait, prefix: "x".repeat(1000) }).set("y".repeat(30), "");
    } catch (error) {
      code = error.constructor.name;
    }
    if (wait === "deasync") {
      setTimeout(() => console.log("nested", map.get("a")), 1);
      for (const end = Date.now() + 200; Date.now() < end; ) map.get("b");
    }
    console.log(wait, JSON.stringify(asObject(map)), code);
  }
`;

it.each([
  ["--frozen-intrinsics", ""],
  ["--no-warnings", "Object.freeze(Error);"],
  ["--no-warnings", "Object.defineProperty(Error, 'stackTraceLimit', { value: 10, writable: false });"],
])("batches, nested waits and errors go on where Error is frozen (%s %s)", (flag, before) => {
  const local = mkdtempSync(path.join(tmpdir(), "s3bucketmap-frozen-"));
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--no-warnings", flag, "-e", before + script, local],
    { encoding: "utf8" },
  );
  rmSync(local, { recursive: true });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  const all = '{"a":"11","b":"2","d":"4","e":"5","f":"{\\"g\\":1}"}';
  expect(stdout.split("\n")).toEqual(
    expect.arrayContaining([`atomics ${all} TypeError`, "nested 11", `deasync ${all} TypeError`]),
  );
});
