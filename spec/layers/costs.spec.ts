import { performance } from "node:perf_hooks";
import { inspect } from "node:util";
import { asObject, S3BucketMap } from "../../lib/index.js";
import type { SyncMap } from "../../lib/index.js";
import { readonly } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { layers, stacks } from "../support/layer-stacks.js";

// What a layer sends is what its base sends. Where a cache or a write buffer is in the stack it is less, or, for what has to wait, the
// same after the writes before it: their own specs count that.

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
beforeEach(() => {
  // As if the program took no time between two reads, on however busy a machine.
  const now = performance.now();
  jest.spyOn(performance, "now").mockReturnValue(now);
  jest.spyOn(Date, "now").mockReturnValue(Date.now());
});
afterEach(() => {
  jest.restoreAllMocks();
});

type Cost = Record<string, number>;
function sent(run: () => unknown): Cost {
  server.reset();
  run();
  const { total, ...counts } = server.counts();
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(total);
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

const uses: [string, (map: SyncMap<string>) => unknown, Cost][] = [
  ["set", (map) => map.set("a", "1"), { PUT: 1 }],
  ["get", (map) => map.get("a"), { GET: 1 }],
  ["get, missing", (map) => map.get("missing"), { GET: 1 }],
  ["has", (map) => map.has("a"), { HEAD: 1 }],
  ["head", (map) => map.head("a"), { HEAD: 1 }],
  ["delete", (map) => map.delete("a"), { DELETE: 1 }],
  ["setMany", (map) => map.setMany([["a", "1"], ["b", "2"], ["c", "3"]]), { PUT: 3 }], // prettier-ignore
  ["getMany", (map) => map.getMany(["a", "b", "missing"]), { GET: 3 }],
  ["keys", (map) => [...map.keys()], { LIST: 1 }],
  ["size", (map) => map.size, { LIST: 1 }],
  ["list", (map) => [...map.list({ delimiter: "/" })], { LIST: 1 }],
  ["entries", (map) => [...map], { LIST: 1, GET: 3 }],
  ["forEach", (map) => map.forEach(() => {}), { LIST: 1, GET: 3 }],
  ["Object.keys", (map) => Object.keys(asObject(map)), { LIST: 1 }],
  ["spread", (map) => ({ ...asObject(map) }), { LIST: 1, GET: 3 }],
  ["create", (map) => map.create("new", "1"), { PUT: 1 }],
  ["update", (map) => map.update("a", (value) => `${value}!`), { GET: 1, PUT: 1 }],
  ["subMap", (map) => map.subMap("a"), {}],
  ["deleteMany", (map) => map.deleteMany(["a", "b"]), { DELETE_OBJECTS: 1 }],
  ["clear", (map) => map.clear(), { LIST: 1, DELETE_OBJECTS: 1 }],
];

const plain = Object.entries({ ...layers, ...stacks }).filter(([name]) => !/cache|writeBuffer/.test(name));

describe.each(plain)("what %s sends", (name, { over }) => {
  it("is for each method what its base sends", () => {
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    const options = { endpoint: server.endpoint, credentials, prefix: `${name}/` };
    const map = over(
      new S3BucketMap("bucket", { ...options, readAs: "bytes" }),
      new S3BucketMap("bucket", options),
    );
    // The service is asked once whether it keeps to conditions; that is not the layer's.
    map.create("first", "1");
    map.update("first", () => undefined);
    for (const [use, run, cost] of uses) expect([use, sent(() => run(map))]).toEqual([use, cost]);
  });

  it("is nothing when it is made, shown, or refuses", () => {
    const map = over(
      new S3BucketMap("bucket", { endpoint: server.endpoint, readAs: "bytes" }),
      new S3BucketMap("bucket", { endpoint: server.endpoint }),
    );
    expect(sent(() => [inspect(map), asObject(map)])).toEqual({});
    expect(sent(() => expect(() => map.set("a", Symbol() as never)).toThrow(TypeError))).toEqual({});
    // Nothing goes over live.
    if (name.startsWith("live(")) return;
    expect(sent(() => readonly(map))).toEqual({});
    expect(sent(() => expect(() => readonly(map).set("a", "1")).toThrow(TypeError))).toEqual({});
  });
});
