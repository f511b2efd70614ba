import _ from "lodash";
import { inspect } from "node:util";
import { asMap, asObject, S3BucketMap } from "../../lib/index.js";
import type { BucketObject } from "../../lib/index.js";
import { cache, edit, gzip, json, live, readonly, text, writeBuffer } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { thrownBy } from "../support/local-maps.js";
import { withoutProxyMarks } from "../support/proxy-marks.js";

interface User {
  [field: string]: unknown;
  name?: string;
  n: number;
  tags: string[];
  address: { city: string; zip?: number };
  list: { id: number; done?: boolean }[];
  phone?: string;
}
const ann = (): User => ({
  name: "Ann",
  n: 1,
  tags: ["a", "b"],
  address: { city: "Köln" },
  list: [{ id: 1 }, { id: 2 }, { id: 3 }],
  phone: "1",
});

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

/** The requests of a run, by kind. */
function sent(run: () => unknown): Record<string, number> {
  server.reset();
  run();
  const { total: _total, ...counts } = server.counts();
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

const changed = (reason: string | RegExp) =>
  expect.objectContaining({
    code: "DocumentChanged",
    message: expect.stringMatching(reason) as string,
  }) as Error;

describe.each(["atomics", "deasync"] as const)("live(json) (%s)", (wait) => {
  let strings: S3BucketMap;
  let users: BucketObject<User>;
  /** As another program sees it. */
  let others: BucketObject<User>;
  const stored = (): User => JSON.parse(strings.get("ann")!) as User;
  const doc = (): User => users["ann"]!;
  beforeEach(() => {
    strings = new S3BucketMap("bucket", options(wait));
    users = asObject(live(json<User>(strings)));
    others = asObject(live(json<User>(strings)));
    // The service is tried for conditions now.
    asMap(users).create("ann", ann());
  });

  it("stores each edit when its statement ends", () => {
    doc().address.city = "Bonn";
    doc().tags.push("new");
    delete doc().phone;
    const { phone: _phone, ...rest } = ann();
    expect(stored()).toEqual({ ...rest, tags: ["a", "b", "new"], address: { city: "Bonn" } });
  });

  it("costs 1 GET and 1 PUT, 1 PUT for each further edit, and nothing for reading inside", () => {
    expect(sent(() => (doc().n = 2))).toEqual({ GET: 1, PUT: 1 });
    expect(sent(() => doc())).toEqual({ GET: 1 });
    const user = doc();
    expect(
      sent(() => {
        user.n = 3;
        user.n += 1;
        user.tags.push("c");
        user.list[0]!.done = true;
        delete user.phone;
      }),
    ).toEqual({ PUT: 5 });
    expect(sent(() => [JSON.stringify(user), { ...user }, user.list[2]!.id, "n" in user])).toEqual({});
    expect(stored()).toEqual(JSON.parse(JSON.stringify(user)));
    asObject(asMap(others))["ann"]!.name = "x";
    expect(sent(() => (user.address.city = "Ulm"))).toEqual({ GET: 1, PUT: 2, HEAD: 1 });
  });

  it("makes an edit again on what another program has stored meanwhile", () => {
    const [one, two] = [users["ann"]!, others["ann"]!];
    one.address.city = "Bonn";
    two.name = "Anna";
    one.tags.push("one");
    two.tags.push("two");
    one["extra"] = true;
    expect(stored()).toEqual({
      ...ann(),
      name: "Anna",
      extra: true,
      tags: ["a", "b", "one", "two"],
      address: { city: "Bonn" },
    });
    expect(one).toEqual(stored());
  });

  it("does not overwrite a field that the document has read and that has changed since", () => {
    const [one, two] = [users["ann"]!, others["ann"]!];
    two.n = 10;
    const before = strings.get("ann");
    expect(() => (one.n += 1)).toThrow(
      changed(/\.n has changed since this document read it; nothing was written/),
    );
    expect(strings.get("ann")).toBe(before);
    expect(one.n).toBe(1);
    // One that it has not read is overwritten.
    two.name = "x";
    one.name = "y";
    expect(stored().name).toBe("y");
    // Since then the document shows the other value, and knows that the program does not know it.
    expect(() => (one.n = 2)).toThrow(changed(/\.n has changed since this document read it/));
    one.n += 1;
    expect(stored().n).toBe(11);
  });

  it.each<[string, (user: User) => unknown]>([
    ["a step through an index", (user) => (user.list[0]!.done = true)],
    ["an element", (user) => (user.tags[0] = "x")],
    ["splice", (user) => user.tags.splice(0, 1)],
    ["sort", (user) => user.tags.sort()],
    ["reverse", (user) => user.tags.reverse()],
    ["fill", (user) => user.tags.fill("x")],
    ["copyWithin", (user) => user.tags.copyWithin(0, 1)],
    ["length =", (user) => (user.tags.length = 1)],
    ["a deleted element", (user) => Reflect.deleteProperty(user.tags, 1)],
  ])("refuses %s where the array has changed meanwhile, and writes nothing", (_what, change) => {
    const [one, two] = [users["ann"]!, others["ann"]!];
    two.tags.push("two");
    two.list.push({ id: 4 });
    const before = strings.get("ann");
    expect(() => change(one)).toThrow(changed(/has changed/));
    expect(strings.get("ann")).toBe(before);
  });

  it("makes push, pop, shift and unshift again, with what they then give", () => {
    const [one, two] = [users["ann"]!, others["ann"]!];
    two.tags.push("c");
    expect(one.tags.pop()).toBe("c");
    two.tags.unshift("0");
    expect(one.tags.shift()).toBe("0");
    expect(two.tags.push("d")).toBe(3);
    expect(one.tags.unshift("z")).toBe(4);
    expect(stored().tags).toEqual(["z", "a", "b", "d"]);
  });

  it("keeps what an object is: an element that was held stays that element after shift", () => {
    const { list } = doc();
    const user = doc();
    const second = user.list[1]!;
    expect(user.list.shift()!.id).toBe(1);
    expect(user.list[0]).toBe(second);
    second.done = true;
    expect(stored().list).toEqual([{ id: 2, done: true }, { id: 3 }]);
    expect(list.length).toBe(3);
  });

  it("refuses an edit through what is no longer in the document", () => {
    const user = doc();
    const first = user.list.shift()!;
    const { address } = user;
    user.address = { city: "Ulm" };
    const before = strings.get("ann");
    expect(() => (first.done = true)).toThrow(changed(/no longer in the document/));
    expect(() => (address.city = "x")).toThrow(changed(/no longer in the document/));
    expect(first).toEqual({ id: 1 });
    expect(strings.get("ann")).toBe(before);
  });

  it("copies a value of a document that is assigned elsewhere", () => {
    const user = doc();
    user["first"] = user.list[0];
    (user["first"] as { id: number }).id = 9;
    users["bob"] = user;
    users["bob"].n = 5;
    user.list.push(user.list[1]!);
    user.list[3]!.done = true;
    expect(stored()).toMatchObject({
      n: 1,
      first: { id: 9 },
      list: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 2, done: true }],
    });
    expect(user.list[1]).toEqual({ id: 2 });
  });

  it("sorts by a comparator, which is given copies", () => {
    const user = doc();
    const sorted = user.list.sort((a, b) => b.id - a.id);
    expect(sorted).toBe(user.list);
    expect(stored().list).toEqual([{ id: 3 }, { id: 2 }, { id: 1 }]);
  });

  it("takes as many arguments as a plain array", () => {
    const user = doc();
    const many = Array.from({ length: 100_000 }, () => "x");
    expect(user.tags.push(...many)).toBe(100_002);
    user.tags[50_000] = "here";
    expect(user.tags.splice(1, 99_999, "y").length).toBe(99_999);
    expect(user.tags.unshift(...many.slice(0, 60_000))).toBe(60_004);
    expect(user.tags.splice(60_004, 0, ...many)).toEqual([]);
    expect([stored().tags.length, stored().tags[60_000], stored().tags[60_001]]).toEqual([160_004, "a", "y"]);
  });

  it("stores an edit that changes nothing, as others may have changed it", () => {
    const user = doc();
    const none = (): Record<string, number> =>
      sent(() => {
        // eslint-disable-next-line no-self-assign -- it costs what another assignment costs
        user.n = user.n;
        delete user["missing"];
        user.tags.push();
      });
    expect(none()).toEqual({ PUT: 3 });
    others["ann"]!.n = 5;
    // eslint-disable-next-line no-self-assign -- an edit like any other
    expect(() => (user.n = user.n)).toThrow(changed(/\.n has changed/));
    expect(stored().n).toBe(5);
  });

  it("refuses any edit of what json cannot keep but others have stored, until that is set right", () => {
    strings.set("ann", '{"zero":-0,"list":[1e400],"n":1}');
    expect(() => (doc().n = 2)).toThrow(/^json cannot keep -0, which would come back as 0, at \.zero/);
    expect(() => (doc()["zero"] = 0)).toThrow(/^json cannot keep Infinity, at \.list\[0\]/);
    edit(users, "ann", (user) => void Object.assign(user!, { zero: 0, list: [] }));
    doc().n = 2;
    expect(stored()).toEqual({ zero: 0, list: [], n: 2 });
  });

  it("refuses Array.prototype's own methods where they would make a hole for a moment, and leaves the array", () => {
    const { tags } = doc();
    const hole = /^json cannot keep an array with a hole/;
    expect(() => Array.prototype.unshift.call(tags, "x", "y", "z")).toThrow(hole);
    expect(() => void Array.prototype.splice.call(tags, 0, 0, "x", "y", "z")).toThrow(hole);
    expect(stored().tags).toEqual(["a", "b"]);
    Array.prototype.unshift.call(tags, "x");
    Array.prototype.splice.call(tags, 0, 2);
    expect(stored().tags).toEqual(["b"]);
  });

  it.each<[string, (user: User) => unknown, string]>([
    ["undefined", (user) => (user.name = undefined as never), "json cannot keep undefined, at .name."],
    [
      "a function",
      (user) => user.tags.push((() => {}) as never),
      "json cannot keep a function, at .tags[2].",
    ],
    ["NaN", (user) => (user.n = NaN), "json cannot keep NaN, at .n."],
    ["a Date", (user) => (user["at"] = { x: new Date() }), "json cannot keep a Date, which would come back"],
    [
      "a hole",
      (user) => Reflect.deleteProperty(user.tags, 0),
      "json cannot keep an array with a hole at index 0, at .tags.",
    ],
    ["a longer length", (user) => (user.tags.length = 5), "json cannot keep an array with a hole at index 2"],
    [
      "a symbol",
      (user) => Reflect.set(user, Symbol("s"), 1),
      "json cannot keep a property whose key is a symbol",
    ],
    ["a getter", (user) => Object.defineProperty(user, "x", { get: () => 1 }), 'cannot keep "x" as a getter'],
    ["a class", (user) => (user["x"] = new (class A {})()), "json cannot keep an A"],
    [
      "a circle",
      (user) => {
        const circle: Record<string, unknown> = {};
        circle["self"] = circle;
        user["x"] = circle;
      },
      "json cannot keep an object inside itself, at .x.self.",
    ],
    ["another prototype", (user) => Reflect.setPrototypeOf(user, null), "Cannot change the prototype"],
    ["freezing", (user) => Object.freeze(user), "cannot be frozen"],
  ])("refuses %s before anything is sent", (_what, change, message) => {
    const user = doc();
    let error: unknown;
    expect(sent(() => (error = thrownBy(() => change(user))))).toEqual({});
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain(message);
    expect(user).toEqual(ann());
  });

  it("behaves as plain data for whoever reads it", () => {
    const user = doc();
    expect(Object.keys(user)).toEqual(Object.keys(ann()));
    expect([Array.isArray(user.tags), "name" in user, "x" in user, Object.hasOwn(user, "n")]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect([...user.tags, ...user.list.map(({ id }) => id)]).toEqual(["a", "b", 1, 2, 3]);
    const { name, ...rest } = user;
    expect({ name, ...rest }).toEqual(ann());
    expect(JSON.stringify(user)).toBe(JSON.stringify(ann()));
    expect(Object.assign({}, user)).toEqual(ann());
    expect([_.isPlainObject(user), _.cloneDeep(user), _.isEqual(user, ann())]).toEqual([true, ann(), true]);
    expect(withoutProxyMarks(inspect(user))).toBe(inspect(ann()));
    expect([user.tags.concat(["c"]), user.tags.slice(1), user.tags.indexOf("b")]).toEqual([
      ["a", "b", "c"],
      ["b"],
      1,
    ]);
    expect([`${user.tags.join()}`, typeof user.toString, user instanceof Object]).toEqual([
      "a,b",
      "function",
      true,
    ]);
    expect([user.list === user.list, user.tags.push === user.tags.push]).toEqual([true, true]);
  });

  it("takes the changes of Object.assign and lodash", () => {
    const user = doc();
    Object.assign(user, { n: 2, more: { a: [1] } });
    _.set(user, "more.b.c", 5);
    _.merge(user, { address: { zip: 7 } });
    _.pull(user.tags, "a");
    _.remove(user.list, { id: 2 });
    _.unset(user, "phone");
    const { phone: _phone, ...rest } = ann();
    expect(stored()).toEqual({
      ...rest,
      n: 2,
      more: { a: [1], b: { c: 5 } },
      tags: ["b"],
      address: { city: "Köln", zip: 7 },
      list: [{ id: 1 }, { id: 3 }],
    });
    expect(user).toEqual(stored());
  });

  it("takes no more edits after one that may have happened", () => {
    const user = doc();
    const denied = { status: 403, code: "AccessDenied" };
    server.fault({ operation: "PUT", action: { reset: "after-apply" }, times: 1 });
    server.fault({ operation: "HEAD", action: denied, times: Infinity });
    server.fault({ operation: "GET", action: denied, times: Infinity });
    expect(() => (user.n = 2)).toThrow(/may still have happened/);
    server.clearFaults();
    expect(
      sent(() => expect(() => (user.name = "x")).toThrow(changed(/may or may not have been stored/))),
    ).toEqual({});
    users["ann"]!.name = "y";
    expect(stored()).toMatchObject({ n: 2, name: "y" });
  });

  it("is as before after an edit that failed, and takes the next one", () => {
    const user = doc();
    server.fault({ operation: "PUT", action: { status: 403, code: "AccessDenied" }, times: 1 });
    expect(() => user.tags.shift()).toThrow(expect.objectContaining({ code: "AccessDenied" }) as Error);
    expect(user).toEqual(ann());
    expect(user.tags.shift()).toBe("a");
    expect(stored().tags).toEqual(["b"]);
  });

  it("knows that an edit was stored whose answer is lost, and goes on", () => {
    const user = doc();
    server.fault({ operation: "PUT", action: { reset: "after-apply" }, times: 1 });
    user.tags.push("c");
    user.tags.push("d");
    expect(stored().tags).toEqual(["a", "b", "c", "d"]);
    expect(user.tags).toEqual(["a", "b", "c", "d"]);
  });

  it("refuses an edit of a key that was deleted meanwhile, and does not bring it back", () => {
    const user = doc();
    strings.delete("ann");
    expect(() => (user.n = 2)).toThrow(changed(/the key no longer exists/));
    expect(strings.has("ann")).toBe(false);
  });

  it("gives undefined for a missing key, and other values as they are", () => {
    expect(users["missing"]).toBeUndefined();
    users["n"] = 5 as never;
    expect(users["n"]).toBe(5);
    (users["n"] as number)++;
    expect(strings.get("n")).toBe("6");
  });

  it("takes whole values, and what create, update, edit and setMany store", () => {
    const map = asMap(users);
    users["bob"] = ann();
    expect(map.create("bob", ann())).toBe(false);
    map.update("bob", (user) => ({ ...user!, n: 2 }));
    edit(map, "bob", (user) => void user!.tags.push("z"));
    map.setMany([["eve", users["bob"]]]);
    expect(map.getMany(["bob", "eve"]).get("eve")).toEqual({ ...ann(), n: 2, tags: ["a", "b", "z"] });
    for (const user of map.values()) user.n = 50;
    for (const [, user] of map.entries()) user.tags.pop();
    map.forEach((user) => (user.name = "all"));
    expect(JSON.parse(strings.get("eve")!)).toEqual({ ...ann(), n: 50, tags: ["a", "b"], name: "all" });
    const sub = asObject(map.subMap("e"));
    sub["ve"]!.n = 51;
    expect(users["eve"]!.n).toBe(51);
  });

  it("keeps the Content-Type and the metadata", () => {
    asMap(users).set("ann", ann(), { contentType: "application/x-user", metadata: { from: "me" } });
    const user = doc();
    user.n = 2;
    user.n = 3;
    expect(asMap(users).head("ann")).toMatchObject({
      contentType: "application/x-user",
      metadata: { from: "me" },
    });
  });

  it("works over a stack of layers", () => {
    const bytes = new S3BucketMap("bucket", { ...options(wait), readAs: "bytes" });
    for (const map of [
      json<User>(cache(text(gzip(bytes)), { ttl: Infinity })),
      cache(json<User>(gzip(bytes))),
    ]) {
      const stack = asObject(live(map));
      stack["ann"] = ann();
      const user = stack["ann"];
      user.n = 2;
      user.tags.push("c");
      expect(stack["ann"]).toEqual({ ...ann(), n: 2, tags: ["a", "b", "c"] });
    }
    const buffered = asObject(live(json<User>(writeBuffer(strings))));
    buffered["eve"] = ann();
    buffered["eve"].n = 9;
    expect((JSON.parse(strings.get("eve")!) as User).n).toBe(9);
  });

  it("reads over a read-only map, and refuses the edit in its words", () => {
    const user = asObject(live(json<User>(readonly(strings))))["ann"]!;
    expect(user.n).toBe(1);
    expect(() => (user.n = 2)).toThrow(/^This map is read-only: it does not support update/);
    expect(user.n).toBe(1);
  });

  it("says when it is made that it goes outermost, over json or structured", () => {
    expect(() => live(strings)).toThrow(/^live needs json or structured below it/);
    expect(() => live(users as never)).toThrow(/^live requires a map, not a bucket object/);
    const map = asMap(users);
    for (const layer of [live, readonly, cache, writeBuffer, json, gzip, text] as ((
      map: never,
    ) => unknown)[]) {
      expect(() => layer(map as never)).toThrow(/live must be the outermost layer|is already a live map/);
    }
    expect(inspect(map)).toMatch(/^live\(json\(S3BucketMap/);
  });
});
