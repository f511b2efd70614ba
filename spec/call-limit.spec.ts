import { S3BucketMap } from "s3bucketmap";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// The one that the built library has; a second one would limit nothing.
// eslint-disable-next-line @typescript-eslint/no-require-imports -- a file of the build has no types
const { within } = require("../dist/bridge.js") as typeof import("../lib/bridge/call-limit.js");

let server: HttpS3;
let map: S3BucketMap;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(async () => {
  await server.close();
});
beforeEach(() => {
  server.clearFaults();
  map = new S3BucketMap("bucket", {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  });
  map.set("key", "value");
  server.reset();
});

const timedOut: unknown = expect.objectContaining({ code: "TimedOut" });

describe("within()", () => {
  it("sends nothing at all with 0", () => {
    expect(() => within(0, () => map.get("key"))).toThrow(timedOut as Error);
    expect(() => within(0, () => [...map.keys()])).toThrow(timedOut as Error);
    expect(server.counts().total).toBe(0);
    expect(map.get("key")).toBe("value");
  });

  it("cuts a call off, and the worker thread goes on with the next", () => {
    server.fault({ key: "stalled", action: { stall: "before" } });
    const workers = (): unknown =>
      (process.report.getReport() as unknown as { workers: unknown[] }).workers.length;
    const before = workers();
    expect(() => within(300, () => map.get("stalled"))).toThrow(timedOut as Error);
    expect(map.get("key")).toBe("value");
    expect(workers()).toBe(before);
  });

  it("limits all the calls in it together", () => {
    server.fault({ key: "slow", action: { delayMs: 200 }, times: Infinity });
    let read = 0;
    const readOn = (): void => {
      for (;;) {
        map.get("slow");
        read += 1;
      }
    };
    expect(() => within(700, readOn)).toThrow(timedOut as Error);
    expect(read).toBeLessThanOrEqual(3);
  });

  it("leaves a shorter deadline of the map as it is, and holds no longer than its work", () => {
    expect(within(10_000, () => map.get("key"))).toBe("value");
    expect(() => within(0, () => within(10_000, () => map.get("key")))).toThrow(timedOut as Error);
    expect(map.get("key")).toBe("value");
  });
});
