import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { S3BucketMapError } from "../lib/index.js";
import { S3BucketMap } from "../lib/index.js";

// An answer without an end must not fill the memory until the deadline, whatever its status.

jest.setTimeout(120_000);

const calls: Record<string, (map: S3BucketMap) => unknown> = {
  get: (map) => map.get("key"),
  getMany: (map) => map.getMany(["key"]),
  set: (map) => map.set("key", "value"),
  delete: (map) => map.delete("key"),
  deleteMany: (map) => map.deleteMany(["key"]),
  size: (map) => map.size,
  list: (map) => [...map.list()],
  create: (map) => map.create("key", "value"),
};

describe.each([200, 403, 404, 500])("an endless answer with status %i", (status) => {
  let child: ChildProcess;
  let endpoint: string;
  beforeAll(async () => {
    child = spawn(process.execPath, [path.join(__dirname, "fixtures/endless-server.js"), String(status)]);
    const [port] = (await once(child.stdout!, "data")) as [Buffer];
    endpoint = `http://127.0.0.1:${String(port).trim()}`;
  });
  afterAll(() => child.kill());

  it.each(Object.keys(calls))("breaks off: %s", (name) => {
    const map = new S3BucketMap("bucket", {
      endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: `endless${status}`, secretAccessKey: "secret" },
    });
    let code: string | undefined;
    try {
      calls[name]!(map);
    } catch (error) {
      const failure = error as S3BucketMapError;
      code = failure.code === "PartialFailure" ? (failure.cause as S3BucketMapError).code : failure.code;
    }
    expect(code).toBe("BadAnswer");
  });
});
