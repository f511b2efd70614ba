import type { S3BucketMap, SyncMap } from "../../lib/index.js";
import { expire, json, purge } from "../../lib/layers/index.js";
import { thrownBy } from "../support/local-maps.js";
import { cannot, serviceMap } from "../support/service.js";

jest.setTimeout(60_000);

/** So old that the specs are over before. */
const HOUR_MS = 3_600_000;

describe.each(["atomics", "deasync"] as const)("expire over a service, wait: %s", (wait) => {
  let base: S3BucketMap;
  /** Values older than a second, and than an hour, are missing. */
  let [brief, long]: SyncMap<string>[] = [];
  beforeEach(() => {
    base = serviceMap({ wait });
    [brief, long] = [expire(base, 1000), expire(base, HOUR_MS)];
    base.setMany(Object.entries({ a: "1", b: "2" }));
  });
  afterEach(() => base.clear());

  /** Waits, by the service's clock, until a value is older than a second. */
  function untilExpired(key: string): void {
    const until = Date.now() + 30_000;
    while (brief!.has(key)) if (Date.now() > until) throw new Error("it does not expire");
  }

  it("gives what is new, and nothing that is older, by the service's clock", () => {
    expect([[...long!], long!.get("a"), long!.has("a"), long!.size]).toEqual([[...base], "1", true, 2]);
    untilExpired("b");
    expect([brief!.get("b"), brief!.head("b"), [...brief!.getMany(["b"])]]).toEqual([
      undefined,
      undefined,
      [],
    ]);
    expect([...brief!.keys()]).not.toContain("b");
    expect([...long!.keys()]).toEqual(["a", "b"]);
  });

  it("creates again what has expired, or is refused where there are no conditions", () => {
    untilExpired("b");
    const create = (): boolean => brief!.create("b", "new");
    if (cannot("conditional-put")) {
      expect(create).toThrow(expect.objectContaining({ code: "ConditionsUnsupported" }));
      expect(base.get("b")).toBe("2");
    } else {
      expect([create(), base.get("b"), long!.create("b", "newer")]).toEqual([true, "new", false]);
      expect(long!.update("b", (value) => `${value}!`)).toBe("new!");
    }
  });

  it("purges what has expired, or is refused and deletes nothing where a DELETE has no conditions", () => {
    untilExpired("b");
    untilExpired("a");
    const purged = (): number => purge(json(brief!));
    if (cannot("conditional-delete")) {
      const error = thrownBy(purged);
      expect(error).toMatchObject({ code: "ConditionsUnsupported" });
      expect((error as Error).message).toMatch(/so nothing was deleted: .*a lifecycle rule/);
      expect([...base]).toEqual(Object.entries({ a: "1", b: "2" }));
    } else {
      expect([purged(), [...base.keys()]]).toEqual([2, []]);
    }
    expect(purge(long!)).toBe(0);
  });
});
