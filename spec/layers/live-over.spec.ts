import { z } from "zod";
import { asMap, asObject, batch, S3BucketMap } from "../../lib/index.js";
import { edit, json, live, structured, validate } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());

let places = 0;
const options = (wait: "atomics" | "deasync") => ({
  endpoint: server.endpoint,
  credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  prefix: `${places++}/`,
  wait,
});

const User = z.object({
  name: z.string().trim().min(1),
  visits: z.number().int().default(0),
  tags: z.array(z.string().toLowerCase()).default([]),
  born: z.date().optional(),
});

describe.each(["atomics", "deasync"] as const)("live over validate (%s)", (wait) => {
  it("refuses an edit that does not fit before anything is sent, and goes on", () => {
    const strings = new S3BucketMap("bucket", options(wait));
    const users = asObject(live(validate(json(strings), User)));
    asMap(users).create("ann", { name: "Ann", visits: 1, tags: [] });
    const ann = users["ann"]!;
    server.reset();
    const misfits: (() => unknown)[] = [
      () => (ann.name = 5 as never),
      () => (ann.name = "  "),
      () => delete (ann as Partial<typeof ann>).name,
      () => ann.tags.push(5 as never),
      () => (ann.visits += 0.5),
    ];
    for (const misfit of misfits) {
      expect(misfit).toThrow(/validate: the value does not match the schema: .*at \.(name|tags\[0\]|visits)/);
      batch(users, () => expect(misfit).toThrow(TypeError));
    }
    expect(server.counts().total).toBe(0);
    expect(ann).toEqual({ name: "Ann", visits: 1, tags: [] });
    ann.visits += 1;
    expect(strings.get("ann")).toBe('{"name":"Ann","visits":2,"tags":[]}');
  });

  it("stores and shows what the schema makes of an edit, with the same objects", () => {
    const strings = new S3BucketMap("bucket", options(wait));
    const users = asObject(live(validate(json(strings), User)));
    strings.set("ann", '{"name":"Ann","more":1}');
    const ann = users["ann"]!;
    const { tags } = ann;
    ann.name = " Anna ";
    tags.push("New");
    (ann as Record<string, unknown>)["unknown"] = 1;
    batch(users, () => {
      tags.push("OLD");
      ann.name += " ";
    });
    delete (ann as Partial<typeof ann>).visits;
    const shown = { name: "Anna", visits: 0, tags: ["new", "old"] };
    expect([ann, JSON.parse(strings.get("ann")!)]).toEqual([shown, shown]);
    expect(ann.tags).toBe(tags);
    ann.visits += 1;
    expect(users["ann"]).toEqual({ ...shown, visits: 1 });
  });

  it("returns what the method of an array returns, also where the schema changes what is stored", () => {
    const strings = new S3BucketMap("bucket", options(wait));
    const users = asObject(live(validate(json(strings), User)));
    asMap(users).create("ann", { name: "Ann", visits: 1, tags: ["a"] });
    const { tags } = users["ann"]!;
    expect(tags.push("B")).toBe(2);
    expect(tags.splice(0, 1, "C")).toEqual(["a"]);
    strings.set("ann", '{"name":"Ann","tags":["d","e"]}');
    expect(tags.pop()).toBe("e");
  });

  it("refuses an edit that does not fit what somebody else has stored, and writes nothing", () => {
    const strings = new S3BucketMap("bucket", options(wait));
    const users = asObject(live(validate(json(strings), User)));
    asMap(users).create("ann", { name: "Ann" } as never);
    const { ann } = users;
    const others = json<{ name: unknown }>(strings);
    edit(others, "ann", (user) => void (user!.name = 5));
    const before = strings.get("ann");
    expect(() => ann!.tags.push("x")).toThrow(expect.objectContaining({ code: "Invalid" }) as Error);
    expect(() => users["ann"]).toThrow(expect.objectContaining({ code: "Invalid" }) as Error);
    expect(strings.get("ann")).toBe(before);
    edit(others, "ann", (user) => void (user!.name = "Eve"));
    ann!.tags.push("x");
    expect(users["ann"]).toEqual({ name: "Eve", visits: 0, tags: ["x"] });
  });

  it("takes the Dates of structured", () => {
    const bytes = new S3BucketMap("bucket", { ...options(wait), readAs: "bytes" });
    const users = asObject(live(validate(structured(bytes), User)));
    asMap(users).create("ann", { name: "Ann", visits: 0, tags: [], born: new Date(5) });
    users["ann"]!.born!.setTime(7);
    expect(() => users["ann"]!.born!.setTime(NaN)).toThrow(/does not match the schema: .*at \.born/);
    expect(users["ann"]!.born).toEqual(new Date(7));
  });
});

describe.each(["atomics", "deasync"] as const)("two live maps over one map (%s)", (wait) => {
  it("are like two programs: a batch of one is none of the other", () => {
    interface User {
      n: number;
      tags: string[];
    }
    const strings = new S3BucketMap("bucket", options(wait));
    const base = json<User>(strings);
    const [users, others] = [asObject(live(base)), asObject(live(base))];
    base.create("ann", { n: 1, tags: [] });
    const [ann, other] = [users["ann"]!, others["ann"]!];
    batch(users, () => {
      ann.tags.push("one");
      other.tags.push("two");
      expect([ann.tags, other.tags, others["ann"]!.tags]).toEqual([["one"], ["two"], ["two"]]);
      expect(strings.get("ann")).toBe('{"n":1,"tags":["two"]}');
    });
    expect([ann.tags, other.tags]).toEqual([["two", "one"], ["two"]]);
    expect(strings.get("ann")).toBe('{"n":1,"tags":["two","one"]}');
    // A function of update does not know the other map either, but If-Match keeps its edit.
    let calls = 0;
    asMap(users).update("ann", (user) => {
      calls += 1;
      if (calls === 1) other.tags.push("three");
      return { ...user!, n: calls };
    });
    expect(strings.get("ann")).toBe('{"n":2,"tags":["two","one","three"]}');
  });
});
