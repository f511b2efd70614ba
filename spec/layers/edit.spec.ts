import { asMap, asObject, S3BucketMap } from "../../lib/index.js";
import type { SyncMap } from "../../lib/index.js";
import { edit, encrypt, gzip, json, readonly, structured } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { secret } from "../support/layer-stacks.js";
import { thrownBy } from "../support/local-maps.js";

interface User {
  name: string;
  n: number;
  tags: string[];
  address?: { city: string };
}
const ann = (): User => ({ name: "Ann", n: 1, tags: ["a"], address: { city: "Bonn" } });

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

let places = 0;
const options = (wait: "atomics" | "deasync" = "atomics") => ({
  endpoint: server.endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  prefix: `${places++}/`,
  wait,
});

describe.each(["atomics", "deasync"] as const)("edit (%s)", (wait) => {
  let strings: S3BucketMap;
  let users: SyncMap<User>;
  beforeEach(() => {
    strings = new S3BucketMap("bucket", options(wait));
    users = json<User>(strings);
    // The service is tried for conditions now.
    users.create("ann", ann());
  });

  it("stores what the function makes of a copy, and returns it", () => {
    server.reset();
    const stored = edit(users, "ann", (user) => {
      user!.tags.push("new");
      user!.n += 1;
      user!.address!.city = "Köln";
      delete (user as Partial<User>).name;
    });
    expect(server.counts()).toMatchObject({ GET: 1, PUT: 1, total: 2 });
    expect(stored).toEqual({ n: 2, tags: ["a", "new"], address: { city: "Köln" } });
    expect(JSON.parse(strings.get("ann")!)).toEqual(stored);
  });

  it("takes an object as well as its map", () => {
    edit(asObject(users), "ann", (user) => void (user!.n = 7));
    expect(users.get("ann")!.n).toBe(7);
  });

  it("calls the function again, with what is there now, where somebody was quicker", () => {
    const seen: number[] = [];
    edit(users, "ann", (user) => {
      seen.push(user!.n);
      if (seen.length === 1) users.set("ann", { ...ann(), n: 10 });
      user!.n += 1;
    });
    expect([seen, users.get("ann")!.n]).toEqual([[1, 10], 11]);
  });

  it("stores nothing if the function throws, and passes on what it threw", () => {
    const error = new Error("mine");
    const use = () =>
      edit(users, "ann", (user) => {
        user!.n = 99;
        throw error;
      });
    expect(thrownBy(use)).toBe(error);
    expect(users.get("ann")).toEqual(ann());
  });

  it("refuses what the base cannot keep, with its path, and stores nothing", () => {
    const use = () => edit(users, "ann", (user) => void user!.tags.push((() => {}) as never));
    expect(use).toThrow(
      /^json cannot keep a function, at \.tags\[1\]\. Store data\. The key is "(?:\d+\/)?ann"\.$/,
    );
    expect(users.get("ann")).toEqual(ann());
  });

  it("leaves alone what the function returns, as from an arrow function", () => {
    // TypeScript would not let these pass, because their results would be stored if there were no such key.
    const push = (user?: User): number => user!.tags.push("b");
    const sort = (user?: User): string[] => user!.tags.sort((a, b) => (a < b ? 1 : -1));
    edit(users, "ann", push as () => void);
    edit(users, "ann", sort as () => void);
    edit(users, "ann", (user) => Object.assign(user!, { n: 5 }));
    expect(users.get("ann")).toEqual({ ...ann(), n: 5, tags: ["b", "a"] });
  });

  it("refuses a function that changes nothing and returns another object", () => {
    const use = () => edit(users, "ann", (user) => ({ ...user!, n: 5 }));
    expect(use).toThrow(/did not change the value of "ann", and returned another value\. .*use update/);
    expect(users.get("ann")).toEqual(ann());
  });

  it("stores what the function returns where the key is missing, and nothing for undefined", () => {
    expect(edit(users, "bob", (user = { ...ann(), name: "Bob" }) => user)).toEqual({ ...ann(), name: "Bob" });
    expect(edit(users, "eve", () => {})).toBeUndefined();
    // It changes its own default, and does not return it.
    expect(edit(users, "eve", (user = ann()) => void (user.n = 5))).toBeUndefined();
    expect([...users.keys()]).toEqual(["ann", "bob"]);
  });

  it("stores what the function returns for a value that is no object", () => {
    const numbers = json<number>(strings);
    expect([1, 2, 3].map(() => edit(numbers, "n", (n = 0) => n + 1))).toEqual([1, 2, 3]);
    edit(numbers, "n", () => undefined);
    expect(numbers.get("n")).toBe(3);
    edit(strings, "text", (text = "") => `${text}!`);
    expect(strings.get("text")).toBe("!");
  });

  it("refuses a function that returns a promise, a wrong function and a wrong map", () => {
    expect(() => edit(users, "ann", (() => Promise.resolve()) as never)).toThrow(
      /^The function given to edit must be synchronous, but this one returned a promise/,
    );
    expect(() => edit(users, "ann", 5 as never)).toThrow("edit requires a function, not the number 5.");
    expect(() => edit({}, "ann", () => {})).toThrow(/^edit requires a map with all methods of SyncMap/);
    expect(() => edit(readonly(users), "ann", () => {})).toThrow(
      /^This map is read-only: it does not support update/,
    );
    expect(users.get("ann")).toEqual(ann());
  });

  it("says that the write may have happened exactly when that is not known", () => {
    const denied = { status: 403, code: "AccessDenied" };
    server.fault({ operation: "PUT", action: { reset: "after-apply" }, times: 1 });
    server.fault({ operation: "HEAD", action: denied, times: Infinity });
    // The HEAD's error is asked for its reason by a GET.
    server.fault({ operation: "GET", action: denied, after: 1, times: Infinity });
    expect(() => edit(users, "ann", (user) => void (user!.n = 2))).toThrow(/may still have happened/);
    server.clearFaults();
    expect(users.get("ann")!.n).toBe(2);
    server.fault({ operation: "PUT", action: { status: 403, code: "AccessDenied" }, times: 1 });
    const error = thrownBy(() => edit(users, "ann", (user) => void (user!.n = 3))) as Error;
    expect(error.message).not.toContain("may still");
    expect(users.get("ann")!.n).toBe(2);
  });

  it("keeps the Content-Type and the metadata, and takes others", () => {
    users.set("ann", ann(), { contentType: "application/x-user", metadata: { from: "me" } });
    edit(users, "ann", (user) => void (user!.n = 2));
    expect(users.head("ann")).toMatchObject({ contentType: "application/x-user", metadata: { from: "me" } });
    edit(users, "ann", (user) => void (user!.n = 3), { metadata: { from: "you" } });
    expect(users.head("ann")).toMatchObject({ contentType: "application/x-user", metadata: { from: "you" } });
  });

  it("edits what structured keeps: Maps, Sets, Dates, bytes, what is in two places and in itself", () => {
    const bytes = new S3BucketMap("bucket", { ...options(wait), readAs: "bytes" });
    interface Shape {
      map: Map<string, { n: number }>;
      set: Set<number>;
      at: Date;
      raw: Buffer;
      shared: { n: number };
      self?: Shape;
      more?: boolean;
    }
    const map = structured<Shape>(gzip(encrypt(bytes, secret)));
    const shared = { n: 1 };
    const value: Shape = {
      map: new Map([["k", shared]]),
      set: new Set([1]),
      at: new Date(5),
      raw: Buffer.from("ab"),
      shared,
    };
    value.self = value;
    map.set("key", value);
    edit(map, "key", (one) => {
      if (one === undefined) return;
      one.map.get("k")!.n += 1;
      one.set.add(2).delete(1);
      one.at.setTime(7);
      one.raw[0] = 0x7a;
      one.self!.more = true;
    });
    const read = map.get("key")!;
    expect([read.map.get("k")!.n, read.shared.n]).toEqual([2, 2]);
    expect([[...read.set], read.at.getTime(), read.raw.toString(), read.more]).toEqual([[2], 7, "zb", true]);
    expect(read.self).toBe(read);
  });

  it("edits bytes in place, without changing what others have read", () => {
    const bytes = new S3BucketMap("bucket", { ...options(wait), readAs: "bytes" });
    bytes.set("key", "ab");
    edit(bytes, "key", (buffer) => void (buffer![1] = 0x7a));
    expect(bytes.get("key")!.toString()).toBe("az");
  });
});

describe("a value that json or structured gave", () => {
  it("refuses a change, and names edit and live", () => {
    const users = asObject(json<User>(new S3BucketMap("bucket", options())));
    users["ann"] = ann();
    const message =
      'Cannot set "name" of a frozen value: a value that was read is a copy, so a change would not reach S3. ' +
      'Change the stored value, as in edit(bucket, key, (value) => { value.name = "x"; }). Or put live around ' +
      "the map, as in live(json(map)), to change values in place. Both functions are in s3bucketmap/layers.";
    expect(() => (users["ann"]!.name = "x")).toThrow(new TypeError(message));
    expect(asMap(users).get("ann")).toEqual(ann());
  });
});
