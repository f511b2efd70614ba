import { request } from "node:http";
import { asObject, S3BucketMap } from "../lib/index.js";
import type { S3BucketOptions } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { FaultAction, HttpS3, RequestCounts } from "./support/http-s3.js";
import { startOtherThread } from "./support/other-thread.js";
import type { OtherMap, OtherThread } from "./support/other-thread.js";

// Conditional writes when the network or S3 fails: each must end in what really happened, or say that it may have.

jest.setTimeout(60_000);

let server: HttpS3;
let otherThread: OtherThread;
beforeAll(async () => {
  server = await startHttpS3();
  otherThread = startOtherThread("bucket", {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "another", secretAccessKey: "secret" },
  });
  elsewhere("first/").create("asked", "");
});
afterAll(async () => {
  await otherThread.close();
  await server.close();
});
afterEach(() => server.clearFaults());

let maps = 0;

/** A map of which the worker knows already that the service keeps to conditions, unless it is told not to ask. */
function open(options: S3BucketOptions = {}, asked = true): S3BucketMap {
  maps += 1;
  const credentials = { accessKeyId: `key${maps}`, secretAccessKey: "secret" };
  const { endpoint } = server;
  const map = new S3BucketMap("bucket", {
    endpoint,
    region: "us-east-1",
    credentials,
    prefix: `${maps}/`,
    ...(options as object),
  });
  if (asked) {
    map.create("asked", "");
    map.update("asked", () => undefined);
  }
  server.reset();
  return map;
}

/** What another program does: no write of it waits for one of this thread. */
function elsewhere(prefix = `${maps}/`): OtherMap {
  return otherThread.map(prefix);
}

function sent(): Partial<RequestCounts> {
  const { total, ...kinds } = server.counts();
  expect(total).toBeGreaterThanOrEqual(0);
  return Object.fromEntries(Object.entries(kinds).filter(([, count]) => count > 0));
}

type Use = "create" | "set with ifMatch" | "update" | "update of a missing key" | "update that deletes";

const uses: Record<Use, (map: S3BucketMap) => unknown> = {
  create: (map) => map.create("fresh", "new"),
  "set with ifMatch": (map) =>
    map.set("here", "new", { ifMatch: '"c9ee90255cdc1ef5f247317065e74111"' }) === map,
  update: (map) => map.update("here", () => "new"),
  "update of a missing key": (map) => map.update("fresh", () => "new"),
  "update that deletes": (map) => map.update("here", () => undefined),
};
const ends: Record<
  Use,
  [key: string, before: string | undefined, after: string | undefined, result: unknown]
> = {
  create: ["fresh", undefined, "new", true],
  "set with ifMatch": ["here", "stored", "new", true],
  update: ["here", "stored", "new", "new"],
  "update of a missing key": ["fresh", undefined, "new", "new"],
  "update that deletes": ["here", "stored", undefined, undefined],
};
const names = Object.keys(uses) as Use[];
const kindOf = (use: Use): "PUT" | "DELETE" => (use === "update that deletes" ? "DELETE" : "PUT");
const reads = (use: Use): Partial<RequestCounts> => (use.startsWith("update") ? { GET: 1 } : {});
const operationOf = (use: Use): string => use.split(" ")[0]!;

/** Whether it can be proved that such a write did not happen: by the newest write id that was read. */
const isProvable = (use: Use): boolean => use === "update" || use === "update that deletes";

const maybe = expect.objectContaining({
  message: expect.stringContaining("; the write may still have happened") as string,
}) as Error;

/** `ifMatch` above is the MD5 of this. */
function seed(map: S3BucketMap): S3BucketMap {
  map.create("here", "stored");
  server.reset();
  return map;
}

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  describe.each(names)("%s", (use) => {
    const [key, before, after, result] = ends[use];
    const kind = kindOf(use);

    it("sends one write", () => {
      const map = seed(open({ wait }));
      expect(uses[use](map)).toEqual(result);
      expect(sent()).toEqual({ ...reads(use), [kind]: 1 });
      expect(map.get(key)).toBe(after);
    });

    it("is known by one HEAD to have happened where its answer was lost, unless nothing of it is left", () => {
      const map = seed(open({ wait }));
      server.fault({ operation: kind, action: { reset: "after-apply" } });
      if (use === "update that deletes") expect(() => uses[use](map)).toThrow(maybe);
      else expect(uses[use](map)).toEqual(result);
      // A missing key's HEAD may be asked why, once.
      expect(sent()).toMatchObject({ HEAD: 1, [kind]: 1 });
      expect(map.get(key)).toBe(after);
    });

    it.each<[string, FaultAction]>([
      ["a reset before it", { reset: "before" }],
      ["an InternalError", { status: 500, code: "InternalError" }],
      ["a SlowDown", { status: 503, code: "SlowDown" }],
      ["a proxy's page", { status: 502, body: "<html>", headers: { "content-type": "text/html" } }],
      ["a login page", { status: 200, body: "<html>", headers: { "content-type": "text/html" } }],
    ])("is sent again after %s only where it is proved not to have happened", (_what, action) => {
      const map = seed(open({ wait }));
      server.fault({ operation: kind, action });
      if (isProvable(use)) expect(uses[use](map)).toEqual(result);
      else expect(() => uses[use](map)).toThrow(maybe);
      expect(sent()).toMatchObject({ HEAD: 1, [kind]: isProvable(use) ? 2 : 1 });
      expect(map.get(key)).toBe(isProvable(use) ? after : before);
    });

    const json = (status: number): FaultAction => ({ status, body: '{"message":"no"}' });
    it.each<[string, FaultAction]>([
      ["a damaged 400", json(400)],
      ["a damaged 404", json(404)],
      ["a damaged 409", json(409)],
    ])("is not sent again before a HEAD has looked after %s", (_what, action) => {
      let map = seed(open({ wait }));
      server.fault({ operation: kind, action: { ...action, applied: true } });
      if (use === "update that deletes") expect(() => uses[use](map)).toThrow(maybe);
      else expect(uses[use](map)).toEqual(result);
      expect(sent()).toMatchObject({ HEAD: 1, [kind]: 1 });
      expect(map.get(key)).toBe(after);

      map = seed(open({ wait }));
      server.fault({ operation: kind, action });
      if (isProvable(use)) expect(uses[use](map)).toEqual(result);
      else expect(() => uses[use](map)).toThrow(maybe);
      expect(sent()).toMatchObject({ HEAD: 1, [kind]: isProvable(use) ? 2 : 1 });
      expect(map.get(key)).toBe(isProvable(use) ? after : before);
    });

    it("is sent again after a 409 of a write at the same time", () => {
      const map = seed(open({ wait }));
      server.fault({ operation: kind, action: { status: 409, code: "ConditionalRequestConflict" } });
      expect(uses[use](map)).toEqual(result);
      expect(sent()).toEqual({ ...reads(use), [kind]: 2 });
    });

    it.each<[string, FaultAction, string]>([
      ["InternalError", { status: 500, code: "InternalError" }, "InternalError"],
      ["a reset", { reset: "before" }, "NetworkError"],
    ])("says that it may have happened after %s each time", (_what, action, code) => {
      const map = seed(open({ wait }));
      server.fault({ operation: kind, times: Infinity, action });
      expect(() => uses[use](map)).toThrow(
        expect.objectContaining({
          code,
          operation: operationOf(use),
          message: expect.stringContaining("; the write may still have happened") as string,
        }) as Error,
      );
      const times = isProvable(use) ? 5 : 1;
      expect(sent()).toMatchObject({ HEAD: times, [kind]: times });
      server.clearFaults();
      expect(map.get(key)).toBe(before);
    });

    it("says that it may have happened where the HEAD, too, is not answered", () => {
      const map = seed(open({ wait }));
      server.fault({ operation: kind, action: { reset: "after-apply" } });
      server.fault({ operation: "HEAD", times: Infinity, action: { status: 403, code: "AccessDenied" } });
      // The HEAD's error is asked for the reason by a GET, which comes after update's own.
      server.fault({
        operation: "GET",
        after: use.startsWith("update") ? 1 : 0,
        times: Infinity,
        action: { status: 403, code: "AccessDenied" },
      });
      expect(() => uses[use](map)).toThrow(
        expect.objectContaining({
          code: "NetworkError",
          message: expect.stringContaining("may still have happened") as string,
        }) as Error,
      );
      server.clearFaults();
      expect(map.get(key)).toBe(after);
    });

    it("does not say so where S3 refused it", () => {
      const map = seed(open({ wait }));
      server.fault({ operation: kind, times: Infinity, action: { status: 403, code: "AccessDenied" } });
      expect(() => uses[use](map)).toThrow(
        expect.objectContaining({
          name: "AccessDeniedError",
          message: expect.not.stringContaining("may still") as string,
        }) as Error,
      );
      expect(sent()).toEqual({ ...reads(use), [kind]: 1 });
    });

    it.each(["before", "after-apply"] as const)("times out where no answer comes (stall: %s)", (stall) => {
      const map = seed(open({ wait, timeoutMs: 1500 }));
      server.fault({ operation: kind, times: Infinity, action: { stall } });
      expect(() => uses[use](map)).toThrow(
        expect.objectContaining({
          code: "TimedOut",
          operation: operationOf(use),
          message: expect.stringContaining("; the write may still have happened") as string,
        }) as Error,
      );
      expect(sent()).toEqual({ ...reads(use), [kind]: 1 });
      server.clearFaults();
      expect(map.get(key)).toBe(stall === "before" ? before : after);
    });

    it("tells a bucket that is missing from a key that is", () => {
      const map = seed(open({ wait }));
      server.fault({ times: Infinity, action: { status: 404, code: "NoSuchBucket" } });
      expect(() => uses[use](map)).toThrow(expect.objectContaining({ name: "NoSuchBucketError" }) as Error);
    });
  });
});

describe.each(["atomics", "deasync"] as const)("a deletion that a proxy has sent twice, wait: %s", (wait) => {
  const remove = (map: S3BucketMap): unknown => map.update("here", () => undefined);
  const rejections: [string, FaultAction, number][] = [
    ["412", { status: 412, code: "PreconditionFailed", applied: true }, 1],
    ["404", { status: 404, code: "NoSuchKey", applied: true }, 1],
    ["409", { status: 409, code: "ConditionalRequestConflict", applied: true }, 5],
  ];
  const failures: [string, FaultAction][] = [
    ["403", { status: 403, code: "AccessDenied" }],
    ["500", { status: 500, code: "InternalError" }],
    ["a reset", { reset: "before" }],
    ["an empty 200", { status: 200, body: "" }],
    ["no response", { stall: "before" }],
  ];
  const each = rejections.flatMap(([status, action, times]) =>
    failures.map(([name, read]) => [status, name, action, times, read] as const),
  );

  it.each(each)("may have happened: %s, and the next read has %s", (_status, _name, action, times, read) => {
    const map = seed(open({ wait, timeoutMs: 3000 }));
    server.fault({ operation: "DELETE", times, action });
    server.fault({ operation: "GET", after: 1, times: Infinity, action: read });
    expect(() => remove(map)).toThrow(/deletion may still have happened/);
    server.clearFaults();
    expect(map.has("here")).toBe(false);
  });

  it("may have happened where the write after it is rejected", () => {
    const map = seed(open({ wait }));
    server.fault({ operation: "DELETE", action: rejections[0]![1] });
    server.fault({ operation: "PUT", action: { status: 403, code: "AccessDenied" } });
    expect(() => map.update("here", (value) => (value === undefined ? "new" : undefined))).toThrow(
      /AccessDenied.*deletion may still have happened/,
    );
  });

  it("has not happened where the next read finds the value as it was", () => {
    const map = seed(open({ wait }));
    server.fault({ operation: "DELETE", action: { status: 412, code: "PreconditionFailed" } });
    server.fault({ operation: "DELETE", action: { status: 403, code: "AccessDenied" } });
    expect(() => remove(map)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("may still") as string }) as Error,
    );
    expect(map.get("here")).toBe("stored");
  });

  it("does not change what the function throws", () => {
    const map = seed(open({ wait }));
    server.fault({ operation: "DELETE", action: rejections[0]![1] });
    const thrown = new RangeError("mine");
    const change = (value?: string): undefined => {
      if (value === undefined) throw thrown;
    };
    expect(() => map.update("here", change)).toThrow(thrown);
    expect(thrown.message).toBe("mine");
  });
});

// The `deasync` wait lets another program's write come between a write and the HEAD that asks for it.
describe("a write whose answer was lost, and others' on top of it", () => {
  /** While the HEAD is under way, which takes its time. */
  function meanwhile(write: () => unknown): { done: Promise<void> } {
    server.fault({ operation: "HEAD", action: { delayMs: 600 } });
    const done = new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (server.counts().HEAD === 0) return void setTimeout(look, 20);
        try {
          write();
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      setTimeout(look, 20);
    });
    return { done };
  }
  const applied: FaultAction = { reset: "after-apply" };
  const lost: FaultAction = { reset: "before" };
  const increment = (count: string | undefined): string => String(Number(count ?? 0) + 1);

  it("create is found in the history of the update that came after it", async () => {
    const map = open({ wait: "deasync" });
    server.fault({ operation: "PUT", action: applied });
    const other = elsewhere();
    const { done } = meanwhile(() => other.update("counter", increment));
    expect(map.create("counter", "1")).toBe(true);
    await done;
    expect(map.get("counter")).toBe("2");
  });

  it.each([applied, lost])("create cannot know where another created the key (%j)", async (action) => {
    const map = open({ wait: "deasync" });
    server.fault({ operation: "PUT", action });
    const other = elsewhere();
    const { done } = meanwhile(() => {
      other.delete("counter");
      expect(other.create("counter", "5")).toBe(true);
    });
    expect(() => map.create("counter", "1")).toThrow(maybe);
    await done;
    expect(map.get("counter")).toBe("5");
  });

  it.each([applied, lost])("create cannot know where a plain write came after it (%j)", async (action) => {
    const map = open({ wait: "deasync" });
    server.fault({ operation: "PUT", action });
    const other = elsewhere();
    const { done } = meanwhile(() => other.set("counter", "5"));
    expect(() => map.create("counter", "1")).toThrow(maybe);
    await done;
  });

  it("update counts once, where its write was carried out and two others came after it", async () => {
    const map = open({ wait: "deasync" });
    map.set("counter", "10");
    server.fault({ operation: "PUT", action: applied });
    const other = elsewhere();
    const { done } = meanwhile(() => {
      other.update("counter", increment);
      other.update("counter", increment);
    });
    map.update("counter", increment);
    await done;
    expect(map.get("counter")).toBe("13");
  });

  it.each([applied, lost])(
    "update cannot know where another wrote the same bytes again (%j)",
    async (action) => {
      const map = open({ wait: "deasync" });
      map.create("counter", "0");
      server.fault({ operation: "PUT", action });
      const other = elsewhere();
      const { done } = meanwhile(() => other.set("counter", "0"));
      expect(() => map.update("counter", increment)).toThrow(maybe);
      await done;
      expect(map.get("counter")).toBe("0");
    },
  );

  // P writes "1" and does not hear of it; Q sets it back to "0"; R, who had read the first "0", writes on it, for the ETag
  // is the same. R's history names what P had read, and not P.
  it("update cannot know by the history of another who had read the same state", async () => {
    const map = open({ wait: "deasync" });
    map.create("counter", "0");
    const url = `${server.endpoint}/bucket/${maps}/counter`;
    const name = "x-amz-meta-s3bucketmap-writes";
    const read = (await fetch(url, { method: "HEAD" })).headers.get(name);
    server.reset();
    server.fault({ operation: "PUT", action: applied });
    // Without a promise, whose callbacks do not run within the call.
    const { done } = meanwhile(() =>
      request(url, { method: "PUT", headers: { [name]: `idOfR,${read}` } }).end("R"),
    );
    expect(() => map.update("counter", increment)).toThrow(maybe);
    await done;
    expect(map.get("counter")).toBe("R");
  });

  it("update cannot know where the key was deleted after it", async () => {
    const map = open({ wait: "deasync" });
    map.set("counter", "10");
    server.fault({ operation: "PUT", action: applied });
    const other = elsewhere();
    const { done } = meanwhile(() => other.delete("counter"));
    expect(() => map.update("counter", increment)).toThrow(maybe);
    await done;
    expect(map.has("counter")).toBe(false);
  });

  it("set with ifMatch cannot know where another wrote after it", async () => {
    const map = open({ wait: "deasync" });
    map.set("key", "1");
    const { etag } = map.head("key")!;
    server.reset();
    server.fault({ operation: "PUT", action: lost });
    const other = elsewhere();
    const { done } = meanwhile(() => other.set("key", "3"));
    expect(() => map.set("key", "2", { ifMatch: etag })).toThrow(maybe);
    await done;
    expect(map.get("key")).toBe("3");
  });

  it.each([applied, lost])(
    "an update that deletes cannot know who has deleted the key (%j)",
    async (action) => {
      const map = open({ wait: "deasync" });
      map.create("job", "1");
      const other = elsewhere();
      server.fault({ operation: "DELETE", action });
      const { done } = meanwhile(() => other.delete("job"));
      expect(() => map.update("job", () => undefined)).toThrow(maybe);
      await done;
      expect(map.has("job")).toBe(false);
    },
  );

  it.each([applied, lost])("nor whether a key was made anew (%j)", async (action) => {
    const map = open({ wait: "deasync" });
    map.create("key", "1");
    const other = elsewhere();
    server.fault({ operation: "DELETE", action });
    const { done } = meanwhile(() => {
      other.delete("key");
      other.create("key", "anew");
    });
    expect(() => map.update("key", () => undefined)).toThrow(maybe);
    await done;
    expect(map.get("key")).toBe("anew");
  });
});

describe("a proxy that sends a write twice, and gives the second answer", () => {
  const twice = { operation: "PUT", action: { twice: true } } as const;

  it.each(["atomics", "deasync"] as const)("does not hide that a create has won, wait: %s", (wait) => {
    const map = open({ wait });
    server.fault(twice);
    expect(map.create("lock", "mine")).toBe(true);
    expect(map.create("lock", "other")).toBe(false);
  });

  it("does not make an update happen twice", () => {
    const map = open();
    map.set("counter", "1000");
    server.fault(twice);
    const change = jest.fn((count = "0") => String(Number(count) + 1));
    map.update("counter", change);
    expect(map.get("counter")).toBe("1001");
    expect(change).toHaveBeenCalledTimes(1);
  });

  it("does not make a set with ifMatch seem refused", () => {
    const map = open();
    map.set("key", "1");
    const { etag } = map.head("key")!;
    server.fault(twice);
    map.set("key", "2", { ifMatch: etag });
    expect(map.get("key")).toBe("2");
    expect(() => map.set("key", "3", { ifMatch: etag })).toThrow("PreconditionFailed");
  });

  // The first answer of a write that is refused 409 may be lost in the same way.
  const applied = { operation: "PUT", action: { status: 409, applied: true }, times: Infinity } as const;
  const looks: [string, FaultAction][] = [
    ["is refused", { status: 403, code: "AccessDenied" }],
    ["fails", { status: 500 }],
    ["is never answered", { reset: "before" }],
  ];
  describe.each(looks)("and a HEAD that %s", (_how, action) => {
    it.each([
      ["create", twice, (map: S3BucketMap) => map.create("key", "new")],
      ["set with ifMatch", twice, (map: S3BucketMap, ifMatch: string) => map.set("key", "new", { ifMatch })],
      ["update", twice, (map: S3BucketMap) => map.update("key", () => "new")],
      ["create and a 409", applied, (map: S3BucketMap) => map.create("key", "new")],
    ] as const)("leave open whether %s has happened", (what, write, run) => {
      const map = open();
      if (!what.startsWith("create")) map.set("key", "old");
      const etag = map.head("key")?.etag ?? "";
      server.fault({ ...write, key: /key$/ });
      server.fault({ operation: "HEAD", key: /key$/, times: Infinity, action });
      server.fault({
        operation: "GET",
        key: /key$/,
        times: Infinity,
        action,
        after: what === "update" ? 1 : 0,
      });
      expect(() => run(map, etag)).toThrow(/may still have happened/);
      server.clearFaults();
      expect(map.get("key")).toBe("new");
    });
  });
});

describe("Ceph's 500 UnknownError", () => {
  const beaten = { status: 500, code: "UnknownError" };

  it.each(["atomics", "deasync"] as const)(
    "says that an update was beaten, which begins again, wait: %s",
    (wait) => {
      const map = open({ wait });
      // A state without a write id, by which nothing could be proved.
      map.set("counter", "1");
      server.fault({ operation: "PUT", action: beaten, times: 7 });
      map.update("counter", (count) => String(Number(count) + 1));
      expect(map.get("counter")).toBe("2");
    },
  );

  it("lets a set with ifMatch say that it was not done", () => {
    const map = open();
    map.set("key", "1");
    const { etag } = map.head("key")!;
    server.fault({ operation: "PUT", action: beaten, times: Infinity });
    const thrown = expect(() => map.set("key", "2", { ifMatch: etag }));
    thrown.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("may still have happened") as string }),
    );
  });

  it("says nothing of a create, nor of a deletion, nor of an answer that only has that status", () => {
    const map = open();
    map.set("key", "1");
    const { etag } = map.head("key")!;
    server.fault({ operation: "PUT", action: beaten, times: 1 });
    expect(() => map.create("new", "1")).toThrow("may still have happened");
    server.fault({ operation: "DELETE", action: beaten, times: 1 });
    expect(() => map.update("key", () => undefined)).toThrow("may still have happened");
    server.fault({ operation: "PUT", action: { status: 500, body: "<html>500</html>" }, times: 1 });
    expect(() => map.set("key", "2", { ifMatch: etag })).toThrow("may still have happened");
  });
});

describe("update under contention", () => {
  afterEach(() => jest.restoreAllMocks());

  /** A function for update during which another write comes, as long as it is asked. */
  function beaten(map: S3BucketMap): () => string {
    let writes = 0;
    return () => {
      map.set("here", `another ${(writes += 1)}`);
      return "new";
    };
  }

  it("gives up after 100 turns, and nothing was written", () => {
    const map = seed(open());
    jest.spyOn(Math, "random").mockReturnValue(0); // No pauses.
    expect(() => map.update("here", beaten(map))).toThrow(
      expect.objectContaining({
        code: "TooMuchContention",
        operation: "update",
        message: expect.stringMatching(
          /each of 100 times the service said that it had changed.*nothing was written/,
        ) as string,
      }) as Error,
    );
    expect(sent()).toEqual({ GET: 100, PUT: 200, HEAD: 100 });
    expect(map.get("here")).toBe("another 100");
  });

  it("has one deadline for all its turns", () => {
    const map = seed(open({ timeoutMs: 1000 }));
    expect(() => map.update("here", beaten(map))).toThrow(
      expect.objectContaining({ name: "TimedOutError", code: "TimedOut", operation: "update" }) as Error,
    );
    expect(sent()["PUT"]).toBeLessThan(200);
  });

  it("writes nothing where its function takes longer than the deadline", () => {
    const map = seed(open({ timeoutMs: 500 }));
    const slow = (): string => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
      return "new";
    };
    expect(() => map.update("here", slow)).toThrow(/Timed out after 500 ms .*nothing was written/);
    expect(map.get("here")).toBe("stored");
  });

  it("throws TooMuchContention where a create meets a 409 each time", () => {
    const map = open();
    server.fault({ operation: "PUT", times: 5, action: { status: 409, code: "ConditionalRequestConflict" } });
    expect(() => map.create("key", "value")).toThrow(
      expect.objectContaining({ code: "TooMuchContention", statusCode: 409 }) as Error,
    );
    expect(map.create("key", "value")).toBe(true);
  });
});

describe.each(["atomics", "deasync"] as const)(
  "a service that refuses its own ETag, with wait %s",
  (wait) => {
    beforeEach(() => void jest.spyOn(Math, "random").mockReturnValue(0));
    afterEach(() => jest.restoreAllMocks());
    const refusesItsOwn = expect.objectContaining({
      code: "ConditionsUnsupported",
      operation: "update",
      message: expect.stringMatching(
        /10 times in a row the service returned the ETag "[0-9a-f]{32}", and then rejected it.*nothing was written/,
      ) as string,
    }) as Error;
    const refusal = { status: 412, code: "PreconditionFailed" };

    it.each(["by set", "by update"])("is told after 10 turns, of a key that was written %s", (by) => {
      const map = open({ wait });
      if (by === "by set") map.set("here", "stored");
      else map.update("here", () => "stored");
      server.reset();
      server.fault({ operation: "PUT", times: Infinity, action: refusal });
      expect(() => map.update("here", () => "new")).toThrow(refusesItsOwn);
      expect(sent()).toEqual({ GET: 11, PUT: 10, HEAD: 10 });
      expect(map.get("here")).toBe("stored");
    });

    it.each([
      ["412", refusal],
      ["404", { status: 404, code: "NoSuchKey" }],
    ])("is told of a deletion that is refused by %s", (_status, action) => {
      const map = seed(open({ wait }));
      server.fault({ operation: "DELETE", times: Infinity, action });
      expect(() => map.update("here", () => undefined)).toThrow(refusesItsOwn);
      expect(sent()["DELETE"]).toBe(10);
      expect(map.get("here")).toBe("stored");
    });

    it("is not told where the value, or only the write, was another in between", () => {
      const map = seed(open({ wait }));
      server.fault({ operation: "PUT", times: 60, action: [refusal] });
      let turns = 0;
      const result = map.update("here", (value) => {
        turns += 1;
        if (turns % 9 === 0) {
          server.clearFaults();
          map.set("here", `${value}!`);
          server.fault({ operation: "PUT", times: turns < 45 ? Infinity : 1, action: refusal });
        }
        return "new";
      });
      expect([result, turns]).toEqual(["new", 46]);
    });

    it("says no more of a set with ifMatch than the service does", () => {
      const map = seed(open({ wait }));
      const { etag } = map.head("here")!;
      server.fault({ operation: "PUT", action: refusal });
      expect(() => map.set("here", "new", { ifMatch: etag })).toThrow(
        /PreconditionFailed.*the service says that the key does not have the ETag in ifMatch/,
      );
    });
  },
);

describe("a facade's loop", () => {
  it("knows of what create, update and ifMatch write meanwhile", () => {
    const map = open();
    map.setMany(["a", "b", "c", "d"].map((key) => [key, key] as const));
    const bucket = asObject(map);
    const { etag } = map.head("d")!;
    server.reset();
    const seen: string[] = [];
    for (const key in bucket) {
      seen.push(key);
      if (key !== "a") continue;
      map.update("b", () => undefined);
      map.delete("c");
      map.create("c", "again");
      map.set("d", "other", { ifMatch: etag });
    }
    expect(seen).toEqual(["a", "c", "d"]);
    expect(sent()).toEqual({ LIST: 1, GET: 1, DELETE: 2, PUT: 2 });
  });
});

describe("the mark of a conditional write", () => {
  it("is not seen, and leaves the user's metadata its room but for 32 bytes", () => {
    const map = open();
    const metadata = { a: "x".repeat(2048 - 32 - 1) };
    for (let turn = 0; turn < 50; turn += 1)
      map.update("key", () => String(turn), turn === 49 ? { metadata } : {});
    expect(map.head("key")!.metadata).toEqual(metadata);
    const tooMuch = { metadata: { a: "x".repeat(2048 - 32) } };
    expect(() => map.create("other", "", tooMuch)).toThrow(TypeError);
    expect(() => map.set("other", "", { metadata: { "S3bucketmap-writes": "x" } })).toThrow(
      /reserved by the library/,
    );
    map.set("other", "", tooMuch);
  });
});
