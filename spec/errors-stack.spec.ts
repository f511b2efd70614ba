import { asMap, asObject, S3BucketMap } from "../lib/index.js";
import type { BucketObject } from "../lib/index.js";
import { freshMap, seed } from "./support/fault-cell.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
  seed(server);
});
afterAll(() => server.close());

/** Uses of a map and of its object, each in a function that bears its name. */
type Uses = Record<string, (map: S3BucketMap, object: BucketObject<string>) => unknown>;

const anything = undefined as never;

const refusedByS3: Uses = {
  get: (map) => map.get("here"),
  set: (map) => map.set("here", "new"),
  has: (map) => map.has("here"),
  delete: (map) => map.delete("here"),
  head: (map) => map.head("here"),
  clear: (map) => map.clear(),
  size: (map) => map.size,
  keys: (map) => [...map.keys()],
  values: (map) => [...map.values()],
  entries: (map) => Array.from(map.entries()),
  iteration: (map) => new Map(map),
  forOf(map) {
    for (const entry of map) return entry;
    return undefined;
  },
  forEach: (map) => map.forEach(() => {}),
  subMap: (map) => map.subMap("x").get("here"),
  readProperty: (_map, object) => object.here,
  writeProperty: (_map, object) => (object.here = "new"),
  inOperator: (_map, object) => "here" in object,
  hasOwn: (_map, object) => Object.hasOwn(object, "here"),
  deleteProperty: (_map, object) => delete object.here,
  objectKeys: (_map, object) => Object.keys(object),
  objectEntries: (_map, object) => Object.entries(object),
  spread: (_map, object) => ({ ...object }),
  assign: (_map, object) => Object.assign({}, object),
  assignTo: (_map, object) => Object.assign(object, { here: "new" }),
  forIn(_map, object) {
    for (const key in object) return key;
    return undefined;
  },
  stringify: (_map, object) => JSON.stringify(object),
  destructuring(_map, object) {
    const { here } = object;
    return here;
  },
  ownKeys: (_map, object) => Reflect.ownKeys(object),
  reflectSet: (_map, object) => Reflect.set(object, "here", "new"),
  descriptor: (_map, object) => Object.getOwnPropertyDescriptor(object, "here"),
  defineProperty: (_map, object) =>
    Object.defineProperty(object, "here", {
      value: "new",
      enumerable: true,
      configurable: true,
      writable: true,
    }),
};

const refusedHere: Uses = {
  numberAsKey: (map) => map.get(1 as never),
  emptyKey: (map) => asMapOf(map).get(""),
  longKey: (map) => map.has("x".repeat(1025)),
  surrogateKey: (map) => map.delete("\ud800"),
  objectAsValue: (map) => map.set("here", {} as never),
  wrongSetOption: (map) => map.set("here", "new", { contentTipe: "text/plain" } as never),
  wrongListOption: (map) => [...map.keys({ prefx: "a" } as never)],
  noCallback: (map) => map.forEach(anything),
  numberAsPrefix: (map) => map.subMap(1 as never),
  undefinedAsProperty: (_map, object) => (object.here = undefined),
  numberAsProperty: (_map, object) => (object.here = 1 as never),
  assignNumber: (_map, object) => Object.assign(object, { here: 1 }),
  wrongLocation: () => new S3BucketMap("Not a bucket!"),
  wrongOption: () => new S3BucketMap("bucket", { regoin: "eu-west-1" } as never),
  notAMap: () => asObject(1 as never),
  notAnObject: () => asMap({}),
};

function asMapOf(map: S3BucketMap): S3BucketMap {
  return asMap<string, S3BucketMap>(asObject<string, S3BucketMap>(map));
}

function stackOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    return (error as Error).stack!.split("\n");
  }
  throw new Error("nothing was thrown");
}

/** The first frame is within the function of that name in this file: its only statement, or its loop. */
function expectAtCaller([, first = "", second = ""]: string[], name: string): void {
  expect(first).toMatch(
    new RegExp(`^    at (Object\\.)?${name} \\(.*errors-stack\\.spec\\.ts:\\d+:\\d+\\)$`),
  );
  // Who called it follows: no frame was left out.
  expect(second).toContain("errors-stack.spec.ts");
}

describe.each(["atomics", "deasync"] as const)("the stack of an error, wait: %s", (wait) => {
  it.each(Object.keys(refusedByS3))("of S3's begins at the caller's line: %s", (name) => {
    server.clearFaults();
    server.fault({ times: Infinity, action: { status: 403, code: "AccessDenied" } });
    const map = freshMap(server.endpoint, wait);
    const use = refusedByS3[name]!;
    const stack = stackOf(() => use(map, asObject(map)));
    expect(stack[0]).toMatch(/^AccessDeniedError: Cannot .* in bucket "bucket": AccessDenied \(HTTP 403\)/);
    expectAtCaller(stack, name);
  });

  it.each(Object.keys(refusedHere))("of a wrong argument begins at the caller's line: %s", (name) => {
    const map = new S3BucketMap("bucket", { endpoint: "http://127.0.0.1:9", wait });
    const use = refusedHere[name]!;
    const stack = stackOf(() => use(map, asObject(map)));
    expect(stack[0]).toMatch(/^TypeError: /);
    expectAtCaller(stack, name);
  });
});
