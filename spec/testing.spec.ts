import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { S3BucketMap } from "../lib/index.js";
import type { SyncMap } from "../lib/index.js";
import { contract } from "../lib/testing/index.js";
import type { ContractOptions } from "../lib/testing/index.js";

const root = path.join(__dirname, "..");

const make = (): S3BucketMap => new S3BucketMap("bucket", { local: ":memory:" });

interface Found {
  path: string;
  body: () => void;
}

/** The tests of a contract, by a framework that has nothing but `describe` and `it`. */
function testsOf(options: Partial<ContractOptions>): Found[] {
  const found: Found[] = [];
  const groups: string[] = [];
  contract({
    make,
    describe(name, body) {
      groups.push(name);
      body();
      groups.pop();
    },
    it: (name, body) => void found.push({ path: [...groups, name].join(" > "), body }),
    ...options,
  });
  return found;
}

/** What the tests say whose names match. */
function failures(tests: Found[], names: RegExp): string[] {
  const chosen = tests.filter(({ path }) => names.test(path));
  expect(chosen).not.toEqual([]);
  return chosen.flatMap(({ path, body }) => {
    try {
      body();
      return [];
    } catch (error) {
      return [`${path}: ${(error as Error).message}`];
    }
  });
}

/** A map that does one thing wrong. */
function broken(wrong: (map: S3BucketMap) => object, given?: S3BucketMap): () => SyncMap<string> {
  return () => {
    const map = given ?? make();
    const changed: object = wrong(map);
    return new Proxy(map, {
      get(_, name) {
        if (Object.hasOwn(changed, name)) return (changed as Record<symbol | string, unknown>)[name];
        const value: unknown = Reflect.get(map, name, map);
        return typeof value === "function" ? (value.bind(map) as unknown) : value;
      },
    });
  };
}

describe("contract()", () => {
  it("names each test once, and groups them under the map's name", () => {
    const names = testsOf({ name: "my map" }).map(({ path }) => path);
    expect(names.length).toBeGreaterThan(60);
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => name.startsWith("SyncMap: my map > "))).toBe(true);
  });

  it("defines tests without making a map", () => {
    const made = jest.fn(make);
    testsOf({ make: made });
    expect(made).not.toHaveBeenCalled();
  });

  it.each([
    ["get", /get and set > returns undefined for a missing key/, () => ({ get: () => null })],
    ["get", /a line exactly/, (map: S3BucketMap) => ({ get: (key: string) => map.get(key)?.trim() })],
    ["has", /returns whether a key exists/, () => ({ has: () => true })],
    [
      "delete",
      /and no other/,
      (map: S3BucketMap) => ({ delete: (key: string) => (map.subMap(key).clear(), true) }),
    ],
    [
      "size",
      /counts the keys/,
      (map: S3BucketMap) => ({
        get size() {
          return Math.min(map.size, 4);
        },
      }),
    ],
    ["keys", /one order/, (map: S3BucketMap) => ({ keys: () => [...map.keys()].reverse().values() })],
    [
      "create",
      /leaves an existing key unchanged/,
      (map: S3BucketMap) => ({ create: (key: string, value: string) => (map.set(key, value), true) }),
    ],
    [
      "set with ifMatch",
      /if the key has another ETag/,
      (map: S3BucketMap) => ({ set: (key: string, value: string) => map.set(key, value) }),
    ],
    [
      "update",
      /so that neither write is lost/,
      (map: S3BucketMap) => ({
        update(key: string, fn: (value?: string) => string) {
          map.set(key, fn(map.get(key)));
        },
      }),
    ],
    [
      "close",
      /makes every later call throw/,
      (map: S3BucketMap) => ({ subMap: () => broken(() => ({ close() {} }), map.subMap(""))() }),
    ],
    [
      "list",
      /accepts a limit, which counts both/,
      (map: S3BucketMap) => ({ list: (options: object) => map.list({ ...options, limit: 100 }) }),
    ],
    [
      "setMany",
      /rejects an invalid key or value among many/,
      (map: S3BucketMap) => ({
        setMany(entries: [string, string][]) {
          for (const [key, value] of entries) map.set(key, value);
          return map;
        },
      }),
    ],
  ])("finds what is wrong with %s: %s", (_method, names, wrong) => {
    expect(failures(testsOf({}), names)).toEqual([]);
    expect(failures(testsOf({ make: broken(wrong) }), names)).toHaveLength(1);
  });

  it("deletes nothing where the map is not empty", () => {
    const map = make().set("precious", "1");
    const said = failures(testsOf({ make: () => map.subMap("") }), /counts the keys/);
    expect(said).toEqual([
      expect.stringContaining('make must return an empty map, but this map has the key "precious"'),
    ]);
    expect([...map]).toEqual([["precious", "1"]]);
  });

  it("empties and closes the map, also where a test has failed", () => {
    for (const wrong of [{}, { get: () => "wrong" }]) {
      const map = make();
      const sub = map.subMap("");
      const tests = testsOf({ make: () => broken(() => wrong, sub)() });
      expect(failures(tests, /last value that was set/)).toHaveLength("get" in wrong ? 1 : 0);
      expect(map.size).toBe(0);
      expect(() => sub.size).toThrow(expect.objectContaining({ code: "Closed" }) as Error);
    }
  });

  it.each(["describe", "it", "make"] as const)("says that %s is missing", (name) => {
    const all = { describe: () => {}, it: () => {}, make };
    expect(() => contract({ ...all, [name]: undefined })).toThrow(
      new TypeError(`contract requires { describe, it, make }, three functions, but ${name} is missing.`),
    );
    expect(() => contract(undefined as unknown as ContractOptions)).toThrow(TypeError);
  });
});

describe("examples/own-layer.test.js", () => {
  it("passes under node:test", () => {
    const example = path.join(root, "examples/own-layer.test.js");
    const { stdout, status } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", example], {
      encoding: "utf8",
    });
    expect(stdout).toMatch(/^# tests (6|7)\d$/m);
    expect(stdout).toMatch(/^# fail 0$/m);
    expect(status).toBe(0);
  }, 120_000);

  it("is in the documentation as it is here", () => {
    const source = readFileSync(path.join(root, "examples/own-layer.test.js"), "utf8");
    const code = source.slice(source.indexOf("\n") + 1);
    expect(readFileSync(path.join(root, "docs/testing.md"), "utf8")).toContain(`\`\`\`js\n${code}\`\`\``);
  });
});
