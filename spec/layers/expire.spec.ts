import { asMap, asObject, batch, copyAll, PartialFailureError, S3BucketMap } from "../../lib/index.js";
import type { SyncMap } from "../../lib/index.js";
import {
  cache,
  encrypt,
  expire,
  gzip,
  json,
  live,
  purge,
  readonly,
  text,
  writeBuffer,
} from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { secret } from "../support/layer-stacks.js";
import { thrownBy } from "../support/local-maps.js";

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());

const MINUTE_MS = 60_000;
const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
let prefixes = 0;

// The SDK takes a difference of five minutes between the two clocks for a failure.
const noon = Math.ceil(Date.now() / 1000) * 1000;

/** Stops the service's clock so many seconds after this file's noon. This program's own does not matter. */
function secondsAfterNoon(seconds: number): void {
  server.setClock(new Date(noon + 1000 * seconds).toISOString());
}

const sent = (run: () => unknown): Record<string, number> => {
  server.reset();
  run();
  const { total: _, ...counts } = server.counts();
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
};

describe.each(["atomics", "deasync"] as const)("expire, wait: %s", (wait) => {
  let base: S3BucketMap;
  let map: SyncMap<string>;
  beforeEach(() => {
    server.clearFaults();
    base = new S3BucketMap("bucket", {
      endpoint: server.endpoint,
      credentials,
      prefix: `${prefixes++}/`,
      wait,
    });
    map = expire(base, MINUTE_MS);
    base.create("first", "1");
    base.update("first", () => undefined);
    secondsAfterNoon(0);
    base.setMany([["a/old", "1"], ["old", "2"]]); // prettier-ignore
    secondsAfterNoon(30);
    base.setMany([["a/new", "3"], ["new", "4"]]); // prettier-ignore
  });

  it("gives all while nothing is certainly older", () => {
    // Stored up to a second after noon, for all that its whole seconds say.
    secondsAfterNoon(60.999);
    expect([...map]).toEqual([...base]);
    expect([map.get("old"), map.has("old"), map.size, map.create("old", "x")]).toEqual(["2", true, 4, false]);
  });

  it("takes a value that is older for missing, by every method that reads", () => {
    secondsAfterNoon(61);
    expect([map.get("old"), map.has("old"), map.head("old")]).toEqual([undefined, false, undefined]);
    expect([map.get("new"), map.has("new"), map.head("new")?.size]).toEqual(["4", true, 1]);
    expect(map.getMany(["new", "old", "a/old", "missing"])).toEqual(new Map([["new", "4"]]));
    expect([[...map.keys()], map.size, Object.keys(asObject(map))]).toEqual([
      ["a/new", "new"],
      2,
      ["a/new", "new"],
    ]);
    expect([...map]).toEqual([["a/new", "3"], ["new", "4"]]); // prettier-ignore
    expect([...map.entries({ limit: 1 })]).toEqual([["a/new", "3"]]);
    expect([...map.entries({ startAfter: "a/new", limit: 5 })]).toEqual([["new", "4"]]);
    expect([...map.keys({ prefix: "o" })]).toEqual([]);
    expect([...map.values()]).toEqual(["3", "4"]);
    const seen: string[] = [];
    map.forEach((value, key) => seen.push(key + value));
    expect(seen).toEqual(["a/new3", "new4"]);
    expect({ ...asObject(map) }).toEqual({ "a/new": "3", new: "4" });
    expect([...map.list()].map(({ key }) => key)).toEqual(["a/new", "new"]);
    expect([...map.list({ delimiter: "/", limit: 2 })].map(({ key, prefix }) => key ?? prefix)).toEqual([
      "a/",
      "new",
    ]);
    expect([...map.subMap("a/")]).toEqual([["new", "3"]]);
    expect(base.size).toBe(4);
    map.set("old", "5");
    expect(map.get("old")).toBe("5");
  });

  it("sends no more than its base", () => {
    secondsAfterNoon(61);
    base.get("new");
    for (const [cost, use] of [
      [{ GET: 1 }, () => map.get("old")],
      [{ HEAD: 1 }, () => map.has("old")],
      [{ HEAD: 1 }, () => map.head("old")],
      [{ GET: 3 }, () => map.getMany(["old", "new", "missing"])],
      [{ LIST: 1 }, () => [...map.keys()]],
      [{ LIST: 1 }, () => map.size],
      [{ LIST: 1 }, () => [...map.list()]],
      [{ LIST: 1, GET: 4 }, () => [...map]],
      [{ LIST: 1, GET: 1 }, () => [...map.entries({ limit: 1 })]],
      [{ PUT: 1 }, () => map.create("x", "1")],
      // One HEAD is the base's own, which does not trust a refusal of any service but AWS.
      [{ PUT: 1, HEAD: 2 }, () => map.create("new", "1")],
      [{ PUT: 2, HEAD: 2 }, () => map.create("old", "1")],
      [{ GET: 1, PUT: 1 }, () => map.update("a/old", () => "1")],
    ] as const) {
      expect([use.toString(), sent(use)]).toEqual([use.toString(), cost]);
    }
  });

  it("replaces an expired value by create and update, with nothing of it kept", () => {
    base.set("old", "2", { contentType: "text/html", metadata: { of: "old" } });
    secondsAfterNoon(100);
    expect(map.create("old", "6")).toBe(true);
    expect(map.create("old", "7")).toBe(false);
    const given: unknown[] = [];
    const fn = (value: string | undefined): string => {
      given.push(value);
      return "8";
    };
    base.set("a/old", "1", { contentType: "text/html", metadata: { of: "old" } });
    secondsAfterNoon(200);
    expect(map.update("a/old", fn)).toBe("8");
    expect(given).toEqual([undefined]);
    expect(map.head("a/old")).toMatchObject({ contentType: "text/plain; charset=utf-8", metadata: {} });
    // A missing key is not deleted.
    expect(sent(() => map.update("new", () => undefined))).toEqual({ GET: 1 });
    expect(base.get("new")).toBe("4");
  });

  it("does not overwrite what somebody else has created meanwhile", () => {
    secondsAfterNoon(100);
    let turns = 0;
    const first = map.update("old", (value) => {
      turns += 1;
      if (turns === 1) base.set("old", "theirs");
      return `${value ?? "none"}, mine`;
    });
    expect([first, turns]).toEqual(["theirs, mine", 2]);
  });

  it("purges what has expired, and nothing that was written anew", () => {
    const sessions = json(map);
    secondsAfterNoon(61);
    expect(sent(() => expect(purge(sessions)).toBe(2))).toEqual({ LIST: 1, DELETE: 2 });
    expect([...base.keys()]).toEqual(["a/new", "new"]);
    expect(purge(map)).toBe(0);
    secondsAfterNoon(200);
    expect(purge(map.subMap("a/"))).toBe(1);
    expect([...base.keys()]).toEqual(["new"]);
  });

  it("says what purge takes, and refuses it where nothing may be written", () => {
    secondsAfterNoon(61);
    expect(() => purge(base)).toThrow(/purge requires a map of expire, or a layer over one/);
    expect(() => purge(asObject(map) as never)).toThrow(/requires a map, not a bucket object/);
    const refusing = [
      readonly(map),
      expire(readonly(base), MINUTE_MS),
      expire(cache(readonly(base)), MINUTE_MS),
      expire(json(readonly(base)), MINUTE_MS),
      expire(readonly(map), MINUTE_MS),
    ];
    for (const each of refusing)
      expect(sent(() => expect(() => purge(each)).toThrow(/read-only: it does not support purge/))).toEqual(
        {},
      );
    expect(base.size).toBe(4);
  });

  it("refuses what it cannot tell the age of, and wrong times", () => {
    expect(() => expire(base, 0)).toThrow(/ms of expire must be a whole number of at least 1/);
    expect(() => expire(base, "1" as never)).toThrow(TypeError);
    expect(() => expire(new Map() as never, 1)).toThrow(TypeError);
    expect(() => asMap(asObject(map)).url("new")).toThrow(/expire does not support url/);
  });

  it("copies and renames what has not expired, and nothing else", () => {
    secondsAfterNoon(61);
    expect([map.copy("old", "x"), map.rename("old", "x"), map.copy("old", "old")]).toEqual([
      false,
      false,
      false,
    ]);
    expect([map.copy("new", "x"), map.rename("x", "y"), map.copy("new", "old", { ifAbsent: true })]).toEqual([
      true,
      true,
      true,
    ]);
    secondsAfterNoon(95);
    // The copies have an age of their own.
    expect([...map]).toEqual([["old", "4"], ["y", "4"]]); // prettier-ignore
    const target = new S3BucketMap("bucket", {
      endpoint: server.endpoint,
      credentials,
      prefix: `${prefixes++}/`,
      wait,
    });
    copyAll(map, target);
    expect([...target.keys()]).toEqual(["old", "y"]);
  });

  it("stacks over and under the other layers", () => {
    const bytes = base.as("bytes");
    const stacks: [string, SyncMap<string>][] = [
      ["json(expire)", json<string>(expire(base, MINUTE_MS))],
      ["expire(json)", expire(json<string>(base), MINUTE_MS)],
      ["text(gzip(expire))", text(gzip(expire(bytes, MINUTE_MS)))],
      ["text(expire(gzip(encrypt)))", text(expire(gzip(encrypt(bytes, secret)), MINUTE_MS))],
      ["cache(expire)", cache(expire(base, MINUTE_MS))],
      ["expire(cache)", expire(cache(base), MINUTE_MS)],
      ["expire(cache with a ttl)", expire(cache(base, { ttl: 1 }), MINUTE_MS)],
      ["writeBuffer(expire)", writeBuffer(expire(base, MINUTE_MS))],
      ["expire(writeBuffer)", expire(writeBuffer(base), MINUTE_MS)],
      ["expire(expire)", expire(expire(base, 10 * MINUTE_MS), MINUTE_MS)],
    ];
    for (const [name, stack] of stacks) {
      base.clear();
      secondsAfterNoon(0);
      stack.set("a", "1").setMany([["b", "2"]]);
      expect([name, stack.get("a"), [...stack.keys()], [...stack]]).toEqual([
        name,
        "1",
        ["a", "b"],
        [["a", "1"], ["b", "2"]], // prettier-ignore
      ]);
      secondsAfterNoon(50);
      expect(stack.update("b", (value) => `${value}!`)).toBe("2!");
      secondsAfterNoon(70);
      expect([name, stack.get("a"), stack.has("a"), stack.size, [...stack.getMany(["a", "b"])]]).toEqual([
        name,
        undefined,
        false,
        1,
        [["b", "2!"]],
      ]);
      expect([name, stack.create("a", "3"), stack.get("a"), stack.create("a", "4")]).toEqual([
        name,
        true,
        "3",
        false,
      ]);
      secondsAfterNoon(115);
      expect([name, purge(stack), [...base.keys()]]).toEqual([name, 1, ["a"]]);
    }
  });

  it("tells the age of what a cache keeps by the clock, and of what is stored again with the same bytes", () => {
    const cached = expire(cache(base), MINUTE_MS);
    expect(cached.get("old")).toBe("2");
    secondsAfterNoon(50);
    base.set("old", "2");
    secondsAfterNoon(70);
    expect(cached.get("old")).toBe("2");
    secondsAfterNoon(120);
    expect(cached.get("old")).toBeUndefined();
  });

  it("edits documents of live until they expire", () => {
    const users = asObject(live(expire(json<{ n: number }>(base.subMap("users/")), MINUTE_MS)));
    users["ann"] = { n: 1 };
    const { ann } = users;
    ann.n = 2;
    secondsAfterNoon(200);
    expect(users["ann"]).toBeUndefined();
    // A document that was read before is not brought back.
    const gone = expect.objectContaining({
      code: "DocumentChanged",
      message: expect.stringContaining("the key no longer exists; nothing was written") as string,
    }) as Error;
    expect(() => (ann.n = 3)).toThrow(gone);
    expect(() => batch(users, () => (ann.n = 3))).toThrow(
      expect.objectContaining({ code: "PartialFailure", cause: gone }) as Error,
    );
    expect(base.get("users/ann")).toBe('{"n":2}');
  });

  it("keeps a document of live that is edited, and reads it again once it is older than it was when it was read", () => {
    for (const stack of [
      live(expire(json<{ n: number }>(base), MINUTE_MS)),
      live(json<{ n: number }>(expire(base, MINUTE_MS))),
    ]) {
      secondsAfterNoon(30);
      stack.set("ann", { n: 1 });
      const ann = stack.get("ann")!;
      secondsAfterNoon(80);
      expect(sent(() => (ann.n = 2))).toEqual({ PUT: 1 });
      secondsAfterNoon(100);
      expect(stack.has("ann")).toBe(true);
      expect(sent(() => (ann.n = 3))).toEqual({ GET: 1, PUT: 1 });
      expect(sent(() => (ann.n = 4))).toEqual({ PUT: 1 });
      expect(base.get("ann")).toBe('{"n":4}');
    }
  });
});

describe("purge", () => {
  it("leaves what was written between its listing and its deletion", () => {
    const prefix = `${prefixes++}/`;
    const base = new S3BucketMap("bucket", { endpoint: server.endpoint, credentials, prefix });
    secondsAfterNoon(0);
    base.setMany([["a", "1"], ["b", "1"]]); // prettier-ignore
    secondsAfterNoon(100);
    const map = expire(base, MINUTE_MS);
    // The listing of purge is that of its base: another program writes right after it.
    const list = base.list.bind(base);
    base.list = function* (options) {
      yield* list(options);
      base.set("a", "2");
    };
    expect(purge(map)).toBe(1);
    expect(Object.fromEntries(base)).toEqual({ a: "2" });
  });

  it("names the keys whose deletion failed", () => {
    const prefix = `${prefixes++}/`;
    const base = new S3BucketMap("bucket", { endpoint: server.endpoint, credentials, prefix });
    secondsAfterNoon(0);
    base.setMany([["a", "1"], ["b", "1"], ["c", "1"]]); // prettier-ignore
    base.create("first", "1");
    base.update("first", () => undefined);
    secondsAfterNoon(100);
    server.fault({ operation: "DELETE", key: `${prefix}b`, action: { status: 403, code: "AccessDenied" } });
    const error = thrownBy(() => purge(expire(base, MINUTE_MS))) as PartialFailureError;
    server.clearFaults();
    expect(error).toBeInstanceOf(PartialFailureError);
    expect([error.succeeded, [...error.failed.keys()]]).toEqual([["a", "c"], ["b"]]);
    expect([...base.keys()]).toEqual(["b"]);
  });
});
