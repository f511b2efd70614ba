import { batch, copyAll, S3BucketMap } from "../lib/index.js";
import type { S3BucketOptions, SyncMap } from "../lib/index.js";
import {
  cache,
  encrypt,
  gzip,
  json,
  live,
  readonly,
  structured,
  text,
  transform,
  validate,
  writeBuffer,
} from "../lib/layers/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { FaultAction, HttpS3, HttpS3Options } from "./support/http-s3.js";
import { secret } from "./support/layer-stacks.js";

jest.setTimeout(60_000);

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
let prefix = 0;
function open<As extends "string" | "bytes" = "string">(
  options: S3BucketOptions<As> = {},
  at: HttpS3 = server,
): S3BucketMap<As> {
  return new S3BucketMap("bucket", {
    endpoint: at.endpoint,
    region: "us-east-1",
    credentials,
    prefix: `copy ${(prefix += 1)}/`,
    ...options,
  });
}

/** What a use sends, by kind. */
function cost(use: () => unknown, at = server): Record<string, number> {
  at.reset();
  use();
  const { total: _, ...kinds } = at.counts();
  return Object.fromEntries(Object.entries(kinds).filter(([, count]) => count > 0));
}

const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;
const described = {
  contentType: "text/csv",
  contentEncoding: "identity",
  cacheControl: "no-cache",
  metadata: { by: "ann", empty: "" },
};

describe.each(["atomics", "deasync"] as const)("S3BucketMap#copy(), wait: %s", (wait) => {
  it("copies a value with all that was stored beside it, by 1 HEAD and 1 CopyObject", () => {
    const map = open({ wait });
    map.set("from", "value", described);
    expect(cost(() => expect(map.copy("from", "to")).toBe(true))).toEqual({ HEAD: 1, COPY: 1 });
    expect(map.get("to")).toBe("value");
    expect(map.get("from")).toBe("value");
    const { lastModified: _, ...head } = map.head("to")!;
    expect(head).toMatchObject({ ...described, size: 5, etag: map.head("from")!.etag });
  });

  it("overwrites what is there, and returns false for a missing key", () => {
    const map = open({ wait });
    map.setMany(Object.entries({ from: "new", to: "old" }));
    expect(map.copy("from", "to")).toBe(true);
    expect(map.get("to")).toBe("new");
    expect(map.copy("missing", "to")).toBe(false);
    expect(map.get("to")).toBe("new");
  });

  it("renames by 1 HEAD, 1 CopyObject and 1 DELETE once the service is known", () => {
    const map = open({ wait });
    map.setMany(Object.entries({ first: "1", from: "value", to: "old" }));
    expect(map.rename("first", "second")).toBe(true);
    expect(cost(() => expect(map.rename("from", "to")).toBe(true))).toEqual({ HEAD: 1, COPY: 1, DELETE: 1 });
    expect(new Map(map)).toEqual(
      new Map([
        ["second", "1"],
        ["to", "value"],
      ]),
    );
    expect(map.rename("from", "to")).toBe(false);
    expect(map.get("to")).toBe("value");
  });
});

describe.each(["atomics", "deasync"] as const)("a copy whose answer was lost, wait: %s", (wait) => {
  const uses: Record<string, (map: S3BucketMap) => unknown> = {
    copy: (map) => map.copy("from", "to"),
    rename: (map) => map.rename("from", "to"),
    copyAll: (map) => copyAll(map.subMap("fr"), map.subMap("copies/")),
  };
  it.each(Object.keys(uses))("is not denied by %s where the source is gone afterwards", (use) => {
    const map = open({ wait });
    map.set("known", "");
    map.rename("known", "other");
    map.set("from", "value");
    server.fault({ operation: "COPY", action: { reset: "after-apply" } });
    server.fault({ operation: "COPY", action: { status: 404, code: "NoSuchKey" } });
    let error: { message?: string } = {};
    try {
      uses[use]!(map);
    } catch (thrown) {
      error = thrown as Error;
    }
    expect(error.message).toMatch(/NoSuchKey.* the write may still have happened/);
  });
});

it("rename accepts no options: it would overwrite all the same", () => {
  const map = open();
  map.setMany(Object.entries({ from: "1", to: "2" }));
  for (const one of [map, json(map), cache(map)])
    expect(() =>
      (one.rename as (...given: unknown[]) => boolean).call(one, "from", "to", { ifAbsent: true }),
    ).toThrow(/rename accepts no options/);
  expect(map.get("to")).toBe("2");
});

describe.each(["atomics", "deasync"] as const)("a service that refuses its own ETags, wait: %s", (wait) => {
  // The library remembers of a service that it refuses its own ETags.
  let odd: HttpS3;
  beforeEach(async () => {
    odd = await startHttpS3();
  });
  afterEach(() => odd.close());

  const refuse = (operation: string): void => {
    const action = { status: 412, code: "PreconditionFailed" };
    odd.fault({ operation, key: /(to|from)$/, times: Infinity, action });
  };
  const opened = (): S3BucketMap => {
    const map = open({ wait }, odd);
    map.setMany(Object.entries({ known: "", from: "value" }));
    map.rename("known", "other");
    return map;
  };
  /** The code and the words of an error, and what is there afterwards. */
  const told = (map: SyncMap<string>, use: () => unknown): unknown[] => {
    let error: { code?: string; message?: string } = {};
    try {
      use();
    } catch (thrown) {
      error = thrown as Error;
    }
    odd.clearFaults();
    map.delete("other");
    return [error.code, error.message, Object.fromEntries(map)];
  };

  it("is told from programs that write to the source, by copy, copyAll and rename", () => {
    for (const use of ["copy", "rename"] as const) {
      const map = opened();
      refuse("COPY");
      expect(told(map, () => map[use]("from", "to"))).toEqual([
        "ConditionsUnsupported",
        expect.stringMatching(
          /10 times in a row the service rejected the copy with HTTP 412, .*nothing was written\. /,
        ),
        { from: "value" },
      ]);
    }
    const map = opened();
    refuse("COPY");
    const run = (): unknown => copyAll(map, map, { prefix: "from", key: () => "to" });
    expect(told(map, run)).toEqual([
      "PartialFailure",
      expect.stringMatching(/ConditionsUnsupported: 10 times in a row/),
      { from: "value" },
    ]);
  });

  it("is told where the copy was made, also through the program", () => {
    for (const layer of [(map: S3BucketMap): SyncMap<string> => map, through]) {
      const map = layer(opened());
      refuse("DELETE");
      const [code, message, values] = told(map, () => map.rename("from", "to"));
      expect([code, values]).toEqual(["ConditionsUnsupported", { from: "value", to: "value" }]);
      expect(message).toMatch(
        /10 times in a row the service returned the ETag .*was copied to .*still there\. /,
      );
      expect(message).toMatch(/copy and then delete while nobody else is writing to the source/);
      expect(message).not.toMatch(/nothing was written|may still have/);
    }
  });

  it("is not blamed where the answers say that others write at the same time", () => {
    const map = opened();
    const action = { status: 409, code: "OperationAborted" };
    odd.fault({ operation: "DELETE", key: /from$/, times: Infinity, action });
    const [code, message] = told(map, () => map.rename("from", "to"));
    expect([code, message]).toEqual([
      "TooMuchContention",
      expect.stringMatching(/or the service said that it did/),
    ]);
  });
});

/** A layer over which values are copied through the program. */
function through(map: S3BucketMap): SyncMap<string> {
  return transform(map, { encode: (value: string) => value, decode: (value: string) => value });
}

describe("S3BucketMap#copy()", () => {
  it.each(["a b+c?d&e=f", "//", "..", "a/../b", "%2F", "ü", "\u0001", "\r\n", "'()*!~", "then"])(
    "takes the key %j on both sides",
    (key) => {
      const map = open();
      map.set(key, "value");
      expect(map.copy(key, `${key} copy`)).toBe(true);
      expect(map.copy(`${key} copy`, `${key}/${key}`)).toBe(true);
      expect(map.get(`${key}/${key}`)).toBe("value");
      expect(map.rename(`${key}/${key}`, `x${key}`)).toBe(true);
      expect([...map.keys()].sort()).toEqual([key, `${key} copy`, `x${key}`].sort());
    },
  );

  it("sends no id of its source's writes", () => {
    const map = open();
    map.create("from", "1", { metadata: { a: "b" } });
    server.reset();
    map.copy("from", "to");
    const [sent] = server.log().filter(({ operation }) => operation === "CopyObject");
    expect(sent!.headers).toMatchObject({ "x-amz-meta-a": "b" });
    expect(sent!.headers).not.toHaveProperty("x-amz-meta-s3bucketmap-writes");
    expect(sent!.headers["x-amz-copy-source-if-match"]).toBe(map.head("from")!.etag);
  });

  it("leaves a key that is copied or renamed to itself as it is, by 1 HEAD", () => {
    const map = open();
    map.set("key", "value");
    for (const use of [() => map.copy("key", "key"), () => map.rename("key", "key")])
      expect(cost(() => expect(use()).toBe(true))).toEqual({ HEAD: 1 });
    expect(map.copy("key", "key", { ifAbsent: true })).toBe(false);
    for (const use of [() => map.copy("no", "no"), () => map.rename("no", "no")]) expect(use()).toBe(false);
    expect(new Map(map)).toEqual(new Map([["key", "value"]]));
  });

  it("with ifAbsent leaves a key that exists alone; the local S3 copies, another service is read and written", () => {
    const local = new S3BucketMap("bucket", { local: ":memory:" });
    for (const map of [local, open()]) {
      map.setMany(Object.entries({ from: "new", to: "old" }));
      expect(map.copy("from", "to", { ifAbsent: true })).toBe(false);
      expect(map.get("to")).toBe("old");
      expect(map.copy("from", "other", { ifAbsent: true })).toBe(true);
      expect(map.get("other")).toBe("new");
      expect(map.copy("missing", "third", { ifAbsent: true })).toBe(false);
      expect(map.has("third")).toBe(false);
    }
    const map = open();
    map.set("from", "value", described);
    map.copy("from", "first", { ifAbsent: true });
    expect(cost(() => map.copy("from", "second", { ifAbsent: true }))).toEqual({ GET: 1, PUT: 1 });
    expect(map.head("second")).toMatchObject(described);
  });

  it("with ifAbsent is refused where the service ignores conditions, and nothing is copied", async () => {
    const ignoring = await startHttpS3({ conditions: "ignored" });
    try {
      const map = open({}, ignoring);
      map.set("from", "value");
      expect(() => map.copy("from", "to", { ifAbsent: true })).toThrow(code("ConditionsUnsupported"));
      expect([...map.keys()]).toEqual(["from"]);
    } finally {
      await ignoring.close();
    }
  });

  it.each<[string, (map: S3BucketMap) => unknown]>([
    ["a number as the source", (map) => map.copy(1 as never, "to")],
    ["no target", (map) => map.copy("from", undefined as never)],
    ["a target that is too long", (map) => map.copy("from", "x".repeat(1100))],
    ["a misspelt option", (map) => map.copy("from", "to", { ifabsent: true } as never)],
    ["an option that is no flag", (map) => map.copy("from", "to", { ifAbsent: 1 as never })],
    ["a rename to a number", (map) => map.rename("from", 1 as never)],
    ["a rename of a lone surrogate", (map) => map.rename("\ud800", "to")],
  ])("refuses %s before anything is sent", (_, use) => {
    const map = open();
    expect(cost(() => expect(() => use(map)).toThrow(TypeError))).toEqual({});
  });

  it("is refused by readonly before anything is sent, and by a closed map", () => {
    const map = readonly(open());
    for (const use of [() => map.copy("a", "b"), () => map.rename("a", "b"), () => map.copy("a", "a")])
      expect(cost(() => expect(use).toThrow(/read-only/))).toEqual({});
    const closed = open();
    closed.close();
    expect(() => closed.copy("a", "b")).toThrow(code("Closed"));
    expect(() => closed.rename("a", "b")).toThrow(code("Closed"));
  });

  it("takes a 200 with an error in it for a failure", () => {
    const map = open();
    map.setMany(Object.entries({ from: "value", to: "old" }));
    const body = "<Error><Code>AccessDenied</Code><Message>Not this one</Message></Error>";
    server.fault({ operation: "COPY", times: Infinity, action: { status: 200, body } });
    expect(() => map.copy("from", "to")).toThrow(code("AccessDenied"));
    server.clearFaults();
    server.fault({
      operation: "COPY",
      action: { status: 200, body: "<Error><Code>InternalError</Code><Message>Try again</Message></Error>" },
    });
    expect(map.copy("from", "to")).toBe(true);
    expect(map.get("to")).toBe("value");
  });

  it("is sent again where the answer is lost, and says where it may have happened", () => {
    const map = open();
    map.set("from", "value");
    server.fault({ operation: "COPY", action: { reset: "after-apply" } });
    expect(map.copy("from", "to")).toBe(true);
    server.fault({ operation: "COPY", times: Infinity, action: { reset: "after-apply" } });
    expect(() => map.copy("from", "other")).toThrow(
      /^Cannot copy "copy \d+\/from" .* may still have happened/,
    );
    server.clearFaults();
    server.fault({ operation: "COPY", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    expect(() => map.copy("from", "third")).toThrow(/^(?!.*may still have happened).*AccessDenied/);
    expect(map.has("third")).toBe(false);
  });

  it("copies what the source has when it changes in between", () => {
    const map = open();
    map.set("from", "old", { metadata: { is: "old" } });
    // The value is overwritten after the HEAD.
    server.fault({ operation: "COPY", key: /to$/, action: { status: 412, code: "PreconditionFailed" } });
    expect(map.copy("from", "to")).toBe(true);
    expect(map.get("to")).toBe("old");
  });

  it("comes after earlier writes of a batch to both keys", () => {
    const map = open();
    map.set("from", "old");
    server.fault({ operation: "PUT", key: /from$/, action: { delayMs: 300 } });
    batch(map, () => {
      map.set("from", "new");
      map.set("to", "before");
      expect(map.copy("from", "to")).toBe(true);
    });
    expect(map.get("to")).toBe("new");
  });

  it("is seen by loops that have read ahead, and by the object's listing", () => {
    const map = open();
    for (let key = 0; key < 20; key += 1) map.set(String(key).padStart(2, "0"), `${key}`);
    const seen: string[] = [];
    for (const key of map.keys()) {
      if (key === "05") map.copy("00", "06");
      seen.push(map.get(key)!);
    }
    expect(seen[6]).toBe("0");
  });
});

describe("S3BucketMap#rename()", () => {
  const withConditions = async (
    conditions: HttpS3Options["conditions"],
    use: (map: S3BucketMap) => void,
  ): Promise<void> => {
    const other = await startHttpS3(conditions === undefined ? {} : { conditions });
    try {
      use(open({}, other));
    } finally {
      await other.close();
    }
  };

  it.each(["ignored", "ignored by DELETE", "not implemented"] as const)(
    "is refused where conditions are %s, and nothing is copied",
    async (conditions) => {
      await withConditions(conditions, (map) => {
        map.setMany(Object.entries({ from: "value", to: "old" }));
        expect(() => map.rename("from", "to")).toThrow(code("ConditionsUnsupported"));
        expect(new Map(map)).toEqual(
          new Map([
            ["from", "value"],
            ["to", "old"],
          ]),
        );
      });
    },
  );

  it("says that the source may still be there where the answer of the DELETE is lost", () => {
    const map = open();
    map.setMany(Object.entries({ warm: "1", from: "value" }));
    map.rename("warm", "warmed");
    server.fault({ operation: "DELETE", times: Infinity, action: { reset: "before" } });
    expect(() => map.rename("from", "to")).toThrow(
      /^Cannot rename "copy \d+\/from" .*it was copied to "copy \d+\/to", but the source may still be there.*may still have happened/,
    );
    server.clearFaults();
    expect(new Map(map)).toEqual(
      new Map([
        ["from", "value"],
        ["to", "value"],
        ["warmed", "1"],
      ]),
    );
  });

  it("is done where the DELETE was applied and its answer lost", () => {
    const map = open();
    map.setMany(Object.entries({ warm: "1", from: "value" }));
    map.rename("warm", "warmed");
    server.fault({ operation: "DELETE", action: { reset: "after-apply" } });
    expect(map.rename("from", "to")).toBe(true);
    expect(new Map(map)).toEqual(
      new Map([
        ["to", "value"],
        ["warmed", "1"],
      ]),
    );
  });

  it("says that the source is still there where the DELETE is refused", () => {
    const map = open();
    map.setMany(Object.entries({ warm: "1", from: "value" }));
    map.rename("warm", "warmed");
    server.fault({ operation: "DELETE", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    const refused = (): unknown => map.rename("from", "to");
    expect(refused).toThrow(/AccessDenied.*it was copied to "copy \d+\/to", but the source is still there/);
    expect(refused).not.toThrow(/may still have happened/);
  });

  it("loses no write to the source that comes in between", () => {
    const map = open();
    map.setMany(Object.entries({ warm: "1", from: "old" }));
    map.rename("warm", "warmed");
    // The server overwrites the key with "!!!" before it answers the DELETE.
    server.fault({ operation: "DELETE", key: /from$/, action: { overwrite: 3 } });
    expect(map.rename("from", "to")).toBe(true);
    expect(new Map(map)).toEqual(
      new Map([
        ["to", "!!!"],
        ["warmed", "1"],
      ]),
    );
  });
});

describe("a rename that begins again because the source has changed, and then fails", () => {
  const bang = { encode: (value: string) => `${value}!`, decode: (value: string) => value.slice(0, -1) };
  const strict = {
    ...bang,
    decode: (value: string) => {
      if (value.length < 4) throw new Error("too short");
      return value;
    },
  };
  const picky = {
    decode: (value: string) => value,
    encode: (value: string) => {
      if (value.length < 4) throw new TypeError("too short");
      return value;
    },
  };
  const refused = { status: 403, code: "AccessDenied" } as const;
  type Fault = Parameters<HttpS3["fault"]>[0];
  const refuse = (operation: string, key: RegExp, after: number): Fault => ({
    operation,
    key,
    after,
    times: Infinity,
    action: refused,
  });

  it.each<[string, (map: S3BucketMap) => SyncMap<string>, Fault[], string]>([
    ["by its HEAD", (map) => map, [refuse("HEAD", /from$/, 1), refuse("GET", /from$/, 0)], "AccessDenied"],
    ["by its copy", (map) => map, [refuse("COPY", /to$/, 1)], "AccessDenied"],
    [
      "by its GET, through the program",
      (map) => transform(map, bang),
      [refuse("GET", /from$/, 1)],
      "AccessDenied",
    ],
    [
      "by its PUT, through the program",
      (map) => transform(map, bang),
      [refuse("PUT", /to$/, 1)],
      "AccessDenied",
    ],
    ["as a value cannot be read", (map) => transform(map, strict), [], "NotDecodable"],
    ["as a value cannot be stored", (map) => transform(map, picky), [], "ValueRefused"],
  ])("%s, says that an earlier value was copied", (how, layer, faults, code) => {
    const map = layer(open());
    map.setMany(Object.entries({ warm: "warm", from: "value" }));
    map.rename("warm", "warmed");
    // Another program overwrites the source before the DELETE.
    server.fault({ operation: "DELETE", key: /from$/, action: { overwrite: 3 } });
    for (const fault of faults) server.fault(fault);
    let error: unknown;
    try {
      map.rename("from", "to");
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code });
    const { message, stack } = error as Error;
    // Only a look at the source shows whether a proxy has sent the DELETE twice.
    const isSeen = how !== "by its HEAD";
    expect(message).toMatch(/was copied to "copy \d+\/to", but the source (is|may) still (be )?there/);
    expect(message.includes("the source is still there")).toBe(isSeen);
    expect(message.includes("may still have happened")).toBe(!isSeen);
    expect(stack).toContain(message);
    expect(stack!.split("\n").find((line) => line.startsWith("    at "))).toContain("copy.spec.ts");
    server.clearFaults();
    expect([map.has("to"), map.has("from")]).toEqual([true, true]);
  });

  it.each<[string, unknown]>([
    ["an error of its own", new RangeError("too short")],
    ["a frozen error", Object.freeze(new Error("too short"))],
    ["a DOMException", new DOMException("too short", "AbortError")],
    ["a string", "too short"],
  ])("says so also where a layer throws %s, which stays as it is", (_what, thrown) => {
    const before = thrown instanceof Object ? [(thrown as Error).message, (thrown as Error).stack] : [];
    const map = transform(open(), {
      decode: (value) => value,
      encode: (value: string) => {
        if (value.length < 4) throw thrown;
        return value;
      },
    });
    map.setMany(Object.entries({ warm: "warm", from: "value" }));
    map.rename("warm", "warmed");
    server.fault({ operation: "DELETE", key: /from$/, action: { overwrite: 3 } });
    let error: unknown;
    try {
      map.rename("from", "to");
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code: "ValueRefused", operation: "rename" });
    expect((error as Error).cause).toBe(thrown);
    expect((error as Error).message).toMatch(/was copied to "copy \d+\/to", but the source is still there/);
    const after = thrown instanceof Object ? [(thrown as Error).message, (thrown as Error).stack] : [];
    expect(after).toEqual(before);
  });
});

describe.each(["atomics", "deasync"] as const)("rename where a DELETE is rejected, wait: %s", (wait) => {
  const bang = { encode: (value: string) => `${value}!`, decode: (stored: string) => stored.slice(0, -1) };
  const ways: [string, (map: S3BucketMap) => SyncMap<string>, "HEAD" | "GET"][] = [
    ["by the service", (map) => map, "HEAD"],
    ["through the program", (map) => transform(map, bang), "GET"],
  ];
  const prepared = (layer: (map: S3BucketMap) => SyncMap<string>): SyncMap<string> => {
    const map = layer(open({ wait, timeoutMs: 5000 }));
    map.setMany(Object.entries({ warm: "warm", from: "value" }));
    map.rename("warm", "warmed");
    return map;
  };
  const each = ways.flatMap(([way, layer, read]) =>
    [
      { status: 412, code: "PreconditionFailed" },
      { status: 409, code: "ConditionalRequestConflict" },
    ].map((rejection) => [way, rejection.status, layer, read, rejection] as const),
  );

  it.each(each)(
    "%s with %s, says that the source may be there, if it cannot be read",
    (_w, _s, layer, read, rejection) => {
      const map = prepared(layer);
      const times = rejection.status === 409 ? 5 : 1;
      server.fault({ operation: "DELETE", key: /from$/, times, action: { ...rejection, applied: true } });
      const denied: FaultAction = { status: 403, code: "AccessDenied" };
      // The source is read once before the DELETE.
      server.fault({ operation: read, key: /from$/, after: 1, times: Infinity, action: denied });
      server.fault({
        operation: read === "HEAD" ? "GET" : "HEAD",
        key: /from$/,
        after: read === "GET" ? 1 : 0,
        times: Infinity,
        action: denied,
      });
      expect(() => map.rename("from", "to")).toThrow(
        /AccessDenied.*copied to .*but the source may still be there/,
      );
      server.clearFaults();
      expect([map.has("from"), map.get("to")]).toEqual([false, "value"]);
    },
  );

  it.each<[string, FaultAction]>([
    ["whose answers are lost", { reset: "after-apply" }],
    [
      "whose answers have no ETag",
      { status: 200, body: "<CopyObjectResult></CopyObjectResult>", applied: true },
    ],
  ])("says of a second copy %s that it may have happened", (_what, action) => {
    const map = prepared((one) => one);
    server.fault({ operation: "DELETE", key: /from$/, action: { overwrite: 3 } });
    server.fault({ operation: "COPY", key: /to$/, after: 1, times: Infinity, action });
    expect(() => map.rename("from", "to")).toThrow(
      /an earlier value was copied to "copy \d+\/to", but the source is still there; the write may still have happened/,
    );
    expect(map.get("to")).toBe("!!!");
  });
});

describe("copy and rename over layers", () => {
  const bytes = (): S3BucketMap<"bytes"> => open({ readAs: "bytes" });
  const byService: [string, () => SyncMap<unknown>, unknown][] = [
    ["json", () => json(open()), { a: 1 }],
    ["text", () => text(bytes()), "words"],
    ["structured", () => structured(bytes()), new Map([["a", 1n]])],
    ["gzip", () => text(gzip(bytes())), "words"],
    ["cache", () => json(cache(open(), { ttl: Infinity })), [1]],
    ["writeBuffer", () => writeBuffer(json(open())), [1]],
    ["a sub-map", () => json(open()).subMap("sub/"), [1]],
  ];
  const byValue: [string, () => SyncMap<unknown>, unknown][] = [
    ["encrypt", () => json(encrypt(bytes(), secret)), { a: 1 }],
    ["gzip over encrypt", () => text(gzip(encrypt(bytes(), secret))), "words"],
    ["transform", () => transform(open(), { encode: (n: number) => `${n}`, decode: Number }), 5],
  ];

  it.each(byService)("is done by the service over %s", (_, make, value) => {
    const map = make();
    map.set("from", value, { metadata: { a: "b" } });
    expect(map.copy("from", "other")).toBe(true);
    expect(cost(() => expect(map.copy("from", "to")).toBe(true))).toEqual({ HEAD: 1, COPY: 1 });
    expect(map.get("to")).toEqual(value);
    expect(map.rename("to", "renamed")).toBe(true);
    expect(map.get("renamed")).toEqual(value);
    expect(map.get("to")).toBeUndefined();
    expect(map.head("renamed")!.metadata).toEqual({ a: "b" });
    expect(map.copy("missing", "x")).toBe(false);
  });

  it.each(byValue)("goes through the program over %s", (_, make, value) => {
    const map = make();
    map.set("from", value, { metadata: { a: "b" }, contentType: "x/y", cacheControl: "no-store" });
    expect(cost(() => expect(map.copy("from", "to")).toBe(true))).toEqual({ GET: 1, PUT: 1 });
    expect(map.get("to")).toEqual(value);
    expect(map.rename("to", "warm")).toBe(true);
    expect(cost(() => expect(map.rename("warm", "renamed")).toBe(true))).toEqual({
      HEAD: 1,
      GET: 1,
      PUT: 1,
      DELETE: 1,
    });
    expect(map.get("renamed")).toEqual(value);
    expect([...map.keys()]).toEqual(["from", "renamed"]);
    const head = { contentType: "x/y", cacheControl: "no-store", metadata: { a: "b" } };
    expect(map.head("renamed")).toMatchObject(head);
    expect(map.copy("from", "renamed", { ifAbsent: true })).toBe(false);
    expect(map.copy("from", "new", { ifAbsent: true })).toBe(true);
    expect(map.copy("missing", "x")).toBe(false);
    expect(map.rename("missing", "x")).toBe(false);
  });

  it("keeps what was stored compressed by other options as it is", () => {
    const base = bytes();
    const map = text(gzip(base, { algorithm: "brotli" }));
    map.set("from", "words ".repeat(100));
    map.copy("from", "to");
    expect(base.head("to")).toMatchObject({ contentEncoding: "br" });
  });

  it("gives the new value to a cache of the target", () => {
    const map = cache(open(), { ttl: Infinity });
    map.setMany(Object.entries({ from: "new", to: "old" }));
    expect([map.get("from"), map.get("to"), map.has("absent")]).toEqual(["new", "old", false]);
    map.copy("from", "to");
    expect(map.get("to")).toBe("new");
    map.rename("to", "absent");
    expect([map.get("to"), map.get("absent")]).toEqual([undefined, "new"]);
  });

  it.each([
    ["over json", () => writeBuffer(json(open()))],
    ["over encrypt", () => writeBuffer(json(encrypt(bytes(), secret)))],
    ["beneath json", () => json(writeBuffer(open()))],
  ])("comes after what a write buffer holds, %s", (_, make) => {
    const map = make() as SyncMap<unknown>;
    map.set("from", 1);
    map.set("to", 2);
    expect(map.copy("from", "to")).toBe(true);
    expect([map.get("from"), map.get("to")]).toEqual([1, 1]);
    map.set("from", 3);
    if (map.rename("from", "gone")) expect([map.get("from"), map.get("gone")]).toEqual([undefined, 3]);
  });

  it("copies what a live document holds in a batch, and leaves documents that were read before", () => {
    const map = live(json<{ n: number }>(open()));
    map.set("from", { n: 1 });
    batch(map, () => {
      map.get("from")!.n = 2;
      map.copy("from", "to");
    });
    expect([map.get("from"), map.get("to")]).toEqual([{ n: 2 }, { n: 2 }]);
  });

  it("says of a value that validate does not take that it is refused, and stores nothing", () => {
    const map = open();
    map.setMany(Object.entries({ from: "old", known: "" }));
    map.rename("known", "x");
    map.delete("x");
    // The schema has become stricter since.
    let isStrict = false;
    const schema = {
      "~standard": {
        version: 1,
        vendor: "spec",
        validate: (value: unknown) =>
          isStrict ? { issues: [{ message: "too old" }] } : { value: value as string },
      },
    } as const;
    const given = transform(map, {
      encode: (value: string) => {
        if (isStrict) throw new TypeError("too old");
        return value;
      },
      decode: (value: string) => value,
    });
    const valid = validate(given, schema);
    isStrict = true;
    for (const use of ["copy", "rename"] as const)
      expect(() => given[use]("from", "to")).toThrow(
        expect.objectContaining({
          code: "ValueRefused",
          operation: use,
          cause: expect.any(TypeError) as TypeError,
        }),
      );
    expect(() => valid.copy("from", "to")).toThrow(code("Invalid"));
    expect(Object.fromEntries(map)).toEqual({ from: "old" });
  });

  it("through the program, in a batch, deletes the source only once the copy is stored", () => {
    const map = json(encrypt(bytes(), secret));
    map.setMany([
      ["warm", 1],
      ["from", 2],
    ]);
    map.rename("warm", "warmed");
    server.fault({
      operation: "PUT",
      key: /to$/,
      times: Infinity,
      action: { status: 403, code: "AccessDenied" },
    });
    expect(() => batch(map, () => map.rename("from", "to"))).toThrow(code("AccessDenied"));
    expect(map.get("from")).toBe(2);
  });

  it("is refused by a map of another kind only where it needs a bucket", () => {
    const checked = validate(open(), {
      "~standard": {
        version: 1,
        vendor: "specs",
        validate: (value: unknown) => ({ value: value as string }),
      },
    });
    checked.set("from", "value");
    expect(cost(() => expect(checked.copy("from", "to")).toBe(true))).toEqual({ GET: 1, PUT: 1 });
  });
});
