import { S3BucketMap } from "../../lib/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { FaultAction, HttpS3 } from "../support/http-s3.js";
import { layers, stacks } from "../support/layer-stacks.js";

// A write that fails: what a read gives then, through the layers that were there all along, is what is stored, as layers made
// afterwards read it.

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
let places = 0;

const faults: [string, FaultAction, boolean][] = [
  ["is refused", { status: 403, code: "AccessDenied" }, false],
  ["does not arrive", { reset: "before" }, false],
  ["is carried out, and its answer is lost", { reset: "after-apply" }, true],
];

describe.each(Object.entries({ ...layers, ...stacks }))("%s, where a write", (_name, { over }) => {
  const make = (prefix: string): ReturnType<typeof over> => {
    const options = { endpoint: server.endpoint, credentials, prefix };
    return over(
      new S3BucketMap("bucket", { ...options, readAs: "bytes" }),
      new S3BucketMap("bucket", options),
    );
  };

  it.each(faults)("%s, gives what is stored", (_what, action, applied) => {
    const prefix = `${places++}/`;
    const map = make(prefix);
    const all = ["a", "b", "c", "d"];
    const before = (key: string): string => `${key} before`;
    map.setMany(all.map((key) => [key, before(key)] as const));
    expect([...map]).toHaveLength(4);
    for (const key of all) map.get(key);
    // Every try of each request about one of the keys; a DeleteObjects names them in its body.
    for (const operation of ["PUT", "DELETE"])
      server.fault({ operation, key: /[abc]$/, times: Infinity, action });
    server.fault({ operation: "DELETE_OBJECTS", times: Infinity, action });
    const failing = (write: () => unknown): void => {
      expect(() => {
        write();
        (map as { flush?: () => void }).flush?.();
        // In the middle of a stack, the write buffer is flushed by what lists.
        void map.size;
      }).toThrow(expect.objectContaining({ code: expect.any(String) as string }) as Error);
    };
    failing(() => map.set("a", "a after"));
    failing(() => map.setMany([["b", "b after"], ["d", "d after"]])); // prettier-ignore
    failing(() => map.deleteMany(["c"]));
    server.clearFaults();

    const stored = Object.fromEntries(make(prefix));
    expect(stored).toEqual({
      a: applied ? "a after" : before("a"),
      b: applied ? "b after" : before("b"),
      ...(applied ? {} : { c: before("c") }),
      d: "d after",
    });
    expect(Object.fromEntries(all.map((key) => [key, map.get(key)]))).toEqual({ c: undefined, ...stored });
    expect(Object.fromEntries(map)).toEqual(stored);
    expect(Object.fromEntries(map.getMany(all))).toEqual(stored);
    expect(all.filter((key) => map.has(key))).toEqual(Object.keys(stored));
    expect(map.size).toBe(Object.keys(stored).length);
  });
});
