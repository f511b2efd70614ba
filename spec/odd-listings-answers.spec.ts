import { S3BucketMap } from "../lib/index.js";
import { startOddService } from "./support/odd-service.js";
import type { Oddity, OddBucket, OddService } from "./support/odd-service.js";

// What a service says of keys is taken key by key, never by how many it names.

jest.setTimeout(60_000);

let service: OddService;
let bucket: OddBucket;
beforeAll(async () => {
  service = await startOddService();
});
afterAll(() => service.end());

async function mapOver(keys: string[], oddity: Oddity, pageSize = 1000): Promise<S3BucketMap> {
  bucket = await service.bucket({ keys, oddity, pageSize });
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  return new S3BucketMap(bucket.name, {
    region: "us-east-1",
    endpoint: bucket.endpoint,
    prefix: "x/",
    credentials,
  });
}

function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const names = (
  map: S3BucketMap,
  options: { prefix?: string; delimiter: string; startAfter?: string; limit?: number },
) => Array.from(map.list(options), ({ key, prefix }) => key ?? prefix);

describe.each(["clear", "deleteMany"] as const)("%s()", (method) => {
  const remove = (map: S3BucketMap): void =>
    method === "clear" ? map.clear() : map.deleteMany(["a", "b", "c"]);

  it.each([
    ["tells of other keys as deleted", 3],
    ["tells of each key as deleted and as refused", 3],
    ["tells of another key in place of the last", 1],
    ["tells of the first key for each", 2],
  ] as const)(
    "deletes by itself each key that is not told of, where a service %s",
    async (oddity, singly) => {
      const map = await mapOver(["x/a", "x/b", "x/c"], oddity);
      remove(map);
      expect((await bucket.log()).filter((method) => method === "DELETE")).toHaveLength(singly);
      expect(await bucket.keys()).toEqual([]);
    },
  );
});

describe("list({ delimiter })", () => {
  const keys = ["x/", "x/A", "x/a", "x/a!", "x/a/a", "x/a/a1", "x/a/b", "x/a0", "x/b", "x/b/a2", "x/c"];
  const oddity = "skips what begins with a name that ends with the delimiter";

  it("gives what begins with a name that ends with the delimiter", async () => {
    const map = await mapOver(keys, oddity);
    expect(names(map, { delimiter: "/a", startAfter: "a" })).toEqual([
      "a!",
      "a/a",
      "a/b",
      "a0",
      "b",
      "b/a",
      "c",
    ]);
    expect(await bucket.log()).toEqual(["LIST"]);
    expect(names(map, { delimiter: "/a", startAfter: "a", limit: 2 })).toEqual(["a!", "a/a"]);
  });

  it.each(["none", oddity] as const)(
    "gives all keys and folders on pages of any size, where a service is odd in that it: %s",
    async (each) => {
      const all = ["", "A", "a", "a!", "a/a", "a/b", "a0", "b", "b/a", "c"];
      for (let pageSize = 1; pageSize <= keys.length; pageSize += 1) {
        const map = await mapOver(keys, each, pageSize);
        expect(names(map, { delimiter: "/a" })).toEqual(all);
      }
    },
  );

  it.each(["none", oddity, "lists the folder again that it is to start after"] as const)(
    "gives as many names as it is asked for, wherever it starts, where a service is odd in that it: %s",
    async (each) => {
      const map = await mapOver(
        ["abc", "abc/", "abc/d", "abc0", "abcd", "b"].map((key) => `x/${key}`),
        each,
      );
      const all = ["abc", "abc/", "abc0", "abcd"];
      for (const startAfter of ["", "/", "abc", "abc/", "abc/d", "abc0", "abcd"]) {
        // A service may or may not list the folder that contains startAfter.
        const isInside = startAfter.startsWith("abc/") && each.startsWith("lists");
        const rest = all.filter((name) => name > startAfter && !(isInside && name === "abc/"));
        for (let limit = 1; limit <= 4; limit += 1)
          expect(names(map, { prefix: "abc", delimiter: "/", startAfter, limit })).toEqual(
            rest.slice(0, limit),
          );
      }
    },
  );

  it("asks for no page more where no name ends with the delimiter", async () => {
    const map = await mapOver(keys, oddity);
    names(map, { delimiter: "/a", startAfter: "A" });
    expect(await bucket.log()).toEqual(["LIST"]);
  });
});

describe("sizes and dates that cannot be read", () => {
  it.each(["gives a size of -5", "gives a size of -1x", "gives a size of abc"] as const)(
    "list() throws BadAnswer, and the keys are there all the same, where a service %s",
    async (oddity) => {
      const map = await mapOver(["x/a"], oddity);
      expect(thrown(() => [...map.list()])).toMatchObject({ code: "BadAnswer" });
      expect([...map.keys()]).toEqual(["a"]);
      expect([...map.entries()]).toEqual([["a", "v"]]);
    },
  );

  it("list() gives an Invalid Date, and all else goes on", async () => {
    const map = await mapOver(["x/a", "x/b"], "gives a date of yesterday");
    expect([...map.keys()]).toEqual(["a", "b"]);
    expect(map.size).toBe(2);
    // What JSON has for an Invalid Date is null.
    expect(JSON.stringify([...map.list()])).toMatch(/"size":1,.*"lastModified":null/);
    map.clear();
    expect(await bucket.keys()).toEqual([]);
  });
});
