import { asMap, asObject, batch, S3BucketMap } from "../../lib/index.js";
import type { BucketObject, PartialFailureError } from "../../lib/index.js";
import { json, live } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { thrownBy } from "../support/local-maps.js";

interface User {
  [field: string]: unknown;
  n: number;
  tags: string[];
}

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

let places = 0;

describe.each(["atomics", "deasync"] as const)("batch over live (%s)", (wait) => {
  let strings: S3BucketMap;
  let users: BucketObject<User>;
  let others: BucketObject<User>;
  const stored = (key = "ann"): User => JSON.parse(strings.get(key)!) as User;
  const ann = (): User => users["ann"]!;
  beforeEach(() => {
    strings = new S3BucketMap("bucket", {
      endpoint: server.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
      prefix: `${places++}/`,
      wait,
    });
    users = asObject(live(json<User>(strings)));
    others = asObject(live(json<User>(strings)));
    asMap(users).create("ann", { n: 1, tags: ["a"] });
  });

  it("makes one PUT a key of many edits, and one GET", () => {
    users["bob"] = { n: 1, tags: [] };
    server.reset();
    const result = batch(users, () => {
      for (const tag of ["b", "c", "d"]) ann().tags.push(tag);
      ann().n += 1;
      users["bob"]!.n = 7;
      users["eve"] = { n: 0, tags: [] };
      return 5;
    });
    // What the batch has read and edited is not read again.
    expect(server.counts()).toMatchObject({ PUT: 3, GET: 2, total: 5 });
    expect(result).toBe(5);
    expect([stored(), stored("bob").n, stored("eve").n]).toEqual([
      { n: 2, tags: ["a", "b", "c", "d"] },
      7,
      0,
    ]);
  });

  it("costs 1 GET and 1 PUT, also where the key is read for each edit, and in batches inside", () => {
    server.reset();
    batch(users, () => {
      ann().n = 2;
      batch(asMap(users).subMap("other/"), () => ann().tags.push("b"));
      expect([ann().n, ann().tags]).toEqual([2, ["a", "b"]]);
    });
    expect(server.counts()).toMatchObject({ GET: 1, PUT: 1, total: 2 });
  });

  it.each<[string, () => void, User | undefined]>([
    ["an assignment", () => (users["ann"] = { n: 5, tags: [] }), { n: 5, tags: [] }],
    ["an update", () => asMap(users).update("ann", (was) => ({ ...was!, n: 6 })), { n: 6, tags: ["a"] }],
    ["setMany", () => asMap(users).setMany([["ann", { n: 7, tags: [] }]]), { n: 7, tags: [] }],
  ])(
    "shows what %s has written, with edits of a document that was read before it",
    (_what, write, written) => {
      batch(users, () => {
        const held = ann();
        write();
        expect(ann()).toEqual(written);
        held["x"] = 1;
        expect(ann()).toEqual({ ...written, x: 1 });
      });
      expect(stored()).toEqual({ ...written, x: 1 });
    },
  );

  it("does not show a key that it has deleted, though a document that was read before is edited", () => {
    const run = (): void =>
      batch(users, () => {
        const held = ann();
        delete users["ann"];
        held["x"] = 1;
        expect([users["ann"], "ann" in users]).toEqual([undefined, false]);
      });
    expect(run).toThrow(/DocumentChanged: the key no longer exists/);
  });

  it.each<[string, "PUT" | "DELETE", () => void]>([
    ["an assignment", "PUT", () => (users["ann"] = { n: 5, tags: ["new"] })],
    ["a deletion", "DELETE", () => delete users["ann"]],
  ])(
    "reports that %s was refused, though a document that was read before is edited",
    (_what, operation, write) => {
      server.fault({ operation, key: /ann$/, times: 1, action: { status: 403, code: "AccessDenied" } });
      const error = thrownBy(() =>
        batch(users, () => {
          const held = ann();
          write();
          held["x"] = 1;
          users["bob"] = { n: 1, tags: [] };
        }),
      ) as PartialFailureError;
      expect([...error.failed.keys()]).toEqual(["ann"]);
      expect(error.succeeded).toEqual(["bob"]);
      expect(stored()).toEqual({ n: 1, tags: ["a"] });
    },
  );

  it("costs 1 GET for each reading of a key that it has not edited, and gives what is stored then", () => {
    server.reset();
    batch(users, () => {
      expect(ann().n).toBe(1);
      others["ann"]!.n = 5;
      expect(ann().n).toBe(5);
    });
    expect(server.counts()).toMatchObject({ GET: 3, PUT: 1 });
  });

  it("reads a key whose document was read before the batch, and makes the edits on what is there now", () => {
    const user = ann();
    others["ann"]!.n = 5;
    batch(users, () => {
      user.tags.push("b");
      server.reset();
      expect(ann()).toEqual({ n: 5, tags: ["a", "b"] });
      expect(ann().n).toBe(5);
      expect(server.counts()).toMatchObject({ GET: 1, total: 1 });
    });
    expect(stored()).toEqual({ n: 5, tags: ["a", "b"] });
  });

  it("costs 1 PUT for a document that was read before", () => {
    const user = ann();
    server.reset();
    batch(users, () => {
      user.n = 2;
      user.tags.push("b");
    });
    expect(server.counts()).toMatchObject({ PUT: 1, total: 1 });
    user.n = 3;
    expect(server.counts()).toMatchObject({ PUT: 2, total: 2 });
    expect(stored()).toEqual({ n: 3, tags: ["a", "b"] });
  });

  it("shows all documents of a key the edits that are not stored yet", () => {
    const [one, two] = [ann(), ann()];
    batch(users, () => {
      one.n = 2;
      expect(two.n).toBe(2);
      two.tags.push("b");
      expect(one.tags).toEqual(["a", "b"]);
      expect(ann()).toEqual({ n: 2, tags: ["a", "b"] });
      expect(asObject(asMap(users).subMap("an"))["n"]!.n).toBe(2);
      expect(stored().n).toBe(1);
    });
    expect(stored()).toEqual({ n: 2, tags: ["a", "b"] });
  });

  it("begins with the latest state that a document of the key knows", () => {
    const [one, two] = [ann(), ann()];
    two["x"] = 1;
    batch(users, () => {
      one["y"] = 2;
      expect(two["x"]).toBe(1);
    });
    expect(stored()).toMatchObject({ x: 1, y: 2 });
    batch(users, () => {
      one["z"] = 3;
      others["ann"]!["w"] = 4;
      expect(ann()["w"]).toBe(4);
    });
    expect(stored()).toMatchObject({ x: 1, y: 2, z: 3, w: 4 });
  });

  it("refuses what the base cannot keep at once, and goes on", () => {
    const user = ann();
    batch(users, () => {
      expect(() => user.tags.push(NaN as never)).toThrow(/^json cannot keep NaN, at \.tags\[1\]/);
      expect(user.tags).toEqual(["a"]);
      user.n = 2;
    });
    expect(stored()).toEqual({ n: 2, tags: ["a"] });
  });

  it("makes the edits again where somebody else was quicker", () => {
    const user = ann();
    batch(users, () => {
      user.tags.push("b");
      others["ann"]!.tags.push("other");
      user["x"] = 1;
    });
    expect(stored()).toEqual({ n: 1, tags: ["a", "other", "b"], x: 1 });
    expect(user).toEqual(stored());
  });

  it("throws a PartialFailureError with what could not be stored, and shows again what is", () => {
    const user = ann();
    users["bob"] = { n: 1, tags: [] };
    const error = thrownBy(() =>
      batch(users, () => {
        user.tags[0] = "x";
        users["bob"]!.n = 2;
        others["ann"]!.tags.push("other");
      }),
    );
    expect(error).toMatchObject({ code: "PartialFailure", succeeded: ["bob"] });
    expect((error as { failed: Map<string, unknown> }).failed.get("ann")).toMatchObject({
      code: "DocumentChanged",
    });
    expect([stored().tags, user.tags, stored("bob").n]).toEqual([["a", "other"], ["a"], 2]);
  });

  it.each([1, 2])(
    "throws one PartialFailureError where its function lets such an error through: %i keys",
    (count) => {
      users["bob"] = { n: 1, tags: [] };
      const action = { status: 403, code: "AccessDenied" };
      server.fault({ operation: "PUT", key: /\/(ann|bob)$/, times: Infinity, action });
      const run = (): unknown =>
        batch(users, () => {
          if (count === 2) users["bob"]!.n = 2;
          ann().n = 2;
          return asMap(users).head("ann");
        });
      const error = thrownBy(run) as PartialFailureError;
      expect(error.name).toBe("PartialFailureError");
      expect([...error.failed.keys()].sort()).toEqual(["ann", "bob"].slice(0, count));
    },
  );

  it("stores what was edited before its function threw, and throws that", () => {
    const user = ann();
    const error = new Error("mine");
    const use = () =>
      batch(users, () => {
        user.n = 2;
        throw error;
      });
    expect(thrownBy(use)).toBe(error);
    expect(stored().n).toBe(2);
  });

  it("stores the edits of a key before a whole write of it, and those of an inner batch at its end", () => {
    batch(users, () => {
      const user = ann();
      user.n = 2;
      batch(users, () => (user.n = 3));
      expect(stored().n).toBe(3);
      user.n = 4;
      users["ann"] = { n: 10, tags: [] };
      ann().n += 1;
    });
    expect(stored()).toEqual({ n: 11, tags: [] });
  });

  it("takes no more edits of a document after one that may have happened", () => {
    const user = ann();
    const denied = { status: 403, code: "AccessDenied" };
    server.fault({ operation: "PUT", action: { reset: "after-apply" }, times: 1 });
    server.fault({ operation: "HEAD", action: denied, times: Infinity });
    server.fault({ operation: "GET", action: denied, times: Infinity });
    expect(() => batch(users, () => (user.n = 2))).toThrow(/1 may have been/);
    server.clearFaults();
    expect(() => (user.n = 3)).toThrow(/may or may not have been stored/);
  });
});
