import { PartialFailureError, S3BucketMap } from "../../lib/index.js";
import type { SyncMap } from "../../lib/index.js";
import { expire, json, purge } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { FaultAction, HttpS3 } from "../support/http-s3.js";
import { thrownBy } from "../support/local-maps.js";

// What is there after a listing, a read or a purge of expire was cut off in the middle.

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3({ pageSize: 2 });
});
afterAll(() => server.close());

const MINUTE_MS = 60_000;
const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
const noon = Math.ceil(Date.now() / 1000) * 1000;
const secondsAfterNoon = (seconds: number): void =>
  server.setClock(new Date(noon + 1000 * seconds).toISOString());

let prefixes = 0;

describe.each(["atomics", "deasync"] as const)("expire, where something is lost, wait: %s", (wait) => {
  let base: S3BucketMap;
  let map: SyncMap<string>;
  beforeEach(() => {
    server.clearFaults();
    base = new S3BucketMap("bucket", {
      endpoint: server.endpoint,
      credentials,
      prefix: `${prefixes++}/`,
      wait,
      timeoutMs: 10_000,
    });
    map = expire(base, MINUTE_MS);
    // The service has shown that it keeps to conditions.
    base.create("first", "1");
    base.update("first", () => undefined);
    secondsAfterNoon(0);
    base.setMany(["a", "b", "c", "d"].map((key) => [key, "old"]));
    secondsAfterNoon(60);
    base.setMany(["x", "y"].map((key) => [key, "new"]));
    secondsAfterNoon(90);
    server.reset();
  });
  afterEach(() => server.clearFaults());

  const ofLists = (action: FaultAction): void =>
    server.fault({ operation: "LIST", after: 1, times: Infinity, action });
  const left = (): string[] => {
    server.clearFaults();
    return [...base.keys()];
  };
  const all = ["a", "b", "c", "d", "x", "y"];

  it.each<[string, FaultAction, string]>([
    ["refused", { status: 403, code: "AccessDenied" }, "AccessDenied"],
    ["cut off", { reset: "mid-body" }, "NetworkError"],
    ["not whole", { truncate: 20 }, "NetworkError"],
  ])(
    "gives no part of a listing for the whole, and purges nothing, where its second page is %s",
    (_, action, code) => {
      ofLists(action);
      for (const use of [() => map.size, () => [...map.keys()], () => [...map], () => purge(map)])
        expect(thrownBy(use)).toMatchObject({
          code: expect.stringMatching(`^(${code}|BadAnswer)$`) as string,
        });
      expect(server.counts().DELETE).toBe(0);
      expect(left()).toEqual(all);
    },
  );

  it("gives what is there where a GET is lost once, and an error where it is lost for good", () => {
    server.fault({ operation: "GET", action: { reset: "after-apply" } });
    expect([map.get("a"), map.get("x")]).toEqual([undefined, "new"]);
    server.fault({ operation: "GET", key: /x$/, times: Infinity, action: { reset: "after-apply" } });
    expect(() => map.get("x")).toThrow(expect.objectContaining({ code: "NetworkError" }));
    const error = thrownBy(() => map.getMany(["a", "x", "y"])) as PartialFailureError;
    expect([error.code, error.succeeded, [...error.failed.keys()]]).toEqual([
      "PartialFailure",
      ["a", "y"],
      ["x"],
    ]);
  });

  it.each<[string, FaultAction, string[], boolean]>([
    ["was refused", { status: 403, code: "AccessDenied" }, ["c"], false],
    ["never came", { reset: "before" }, ["c"], true],
    ["lost its answer", { reset: "after-apply" }, [], true],
  ])("names what purge has deleted and what not, where a DELETE %s", (_, action, stays, isUnsure) => {
    server.fault({ operation: "DELETE", key: /c$/, times: Infinity, action });
    const error = thrownBy(() => purge(map)) as PartialFailureError;
    expect(error).toBeInstanceOf(PartialFailureError);
    expect([error.succeeded, [...error.failed.keys()]]).toEqual([["a", "b", "d"], ["c"]]);
    expect(error.failed.get("c")!.message.includes("may still have happened")).toBe(isUnsure);
    expect(left()).toEqual([...stays, "x", "y"]);
    // Called again, it deletes what is left.
    expect(purge(map)).toBe(stays.length);
    expect(left()).toEqual(["x", "y"]);
  });

  it("purges through layers, by 1 LIST a page and 1 DELETE for each key that has expired", () => {
    expect(purge(json(map))).toBe(4);
    const { LIST, DELETE, total } = server.counts();
    expect({ LIST, DELETE, total }).toEqual({ LIST: 3, DELETE: 4, total: 7 });
    expect(
      server.log().filter(({ method, headers }) => method === "DELETE" && "if-match" in headers),
    ).toHaveLength(4);
  });

  it("creates again what has expired by 1 PUT, 1 HEAD and 1 PUT more than a new key, and leaves what has not", () => {
    const cost = (use: () => unknown): Record<string, number> => {
      server.reset();
      use();
      const { PUT, HEAD, total } = server.counts();
      return { PUT, HEAD, total };
    };
    expect(cost(() => expect(map.create("fresh", "1")).toBe(true))).toEqual({ PUT: 1, HEAD: 0, total: 1 });
    // One of the HEADs is the base's own, which does not trust a refusal of any service but AWS.
    expect(cost(() => expect(map.create("x", "1")).toBe(false))).toEqual({ PUT: 1, HEAD: 2, total: 3 });
    expect(cost(() => expect(map.create("a", "1")).toBe(true))).toEqual({ PUT: 2, HEAD: 2, total: 4 });
  });

  it("tells a service that refuses its own ETags from programs that are quicker", () => {
    server.fault({
      operation: "PUT",
      key: /a$/,
      times: Infinity,
      action: { status: 412, code: "PreconditionFailed" },
    });
    expect(() => map.create("a", "1")).toThrow(
      expect.objectContaining({
        code: "ConditionsUnsupported",
        message: expect.stringMatching(
          /10 times in a row the service returned the ETag.*nothing was written/,
        ) as string,
      }),
    );
    server.clearFaults();
    expect(base.get("a")).toBe("old");
  });
});
