import { at, restore, S3BucketMap } from "../lib/index.js";
import { startVersionedService } from "./support/versioned-service.js";
import type { VersionedService } from "./support/versioned-service.js";

// The rows on versions in docs/costs.md, each by a count.

let service: VersionedService;
beforeAll(async () => {
  // As if S3 gave two versions a page: it gives a thousand.
  service = await startVersionedService({ pageSize: 2 });
});
afterAll(() => service.end());

const credentials = { accessKeyId: "test", secretAccessKey: "secret" };
let maps = 0;

describe.each(["atomics", "deasync"] as const)("the requests of versions, wait: %s", (wait) => {
  let map: S3BucketMap;
  beforeEach(() => {
    maps += 1;
    const place = { endpoint: service.endpoint, region: "us-east-1", prefix: `${maps}/` };
    map = new S3BucketMap("kept", { ...place, credentials, wait });
    for (const value of ["1", "2", "3"]) map.set("a", value);
    map.set("b", "4");
    map.set("c", "5");
  });

  /** How often each kind of request is sent. */
  const sent = async (use: () => unknown): Promise<Record<string, number>> => {
    await service.log();
    use();
    const counts: Record<string, number> = {};
    for (const kind of await service.log()) counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  };
  const now = (): Date =>
    new Date(Math.max(...["a", "b", "c"].map((key) => map.versions(key)[0]!.lastModified.getTime())));

  it("are 1 LIST a page for versions(), 1 GET for one of them, and 1 HEAD and 1 CopyObject for restore()", async () => {
    // Three versions of "a", and then a key of another name.
    expect(await sent(() => expect(map.versions("a")).toHaveLength(3))).toEqual({ "GET versions": 2 });
    expect(await sent(() => expect(map.versions("c")).toHaveLength(1))).toEqual({ "GET versions": 1 });
    const { versionId } = map.versions("a")[1]!;
    expect(await sent(() => expect(map.get("a", { versionId })).toBe("2"))).toEqual({ "GET object": 1 });
    const restored = await sent(() => restore(map, "a", versionId));
    expect([Object.values(restored), map.get("a")]).toEqual([[1, 1], "2"]);
    expect(Object.keys(restored).map((kind) => kind.split(" ")[0])).toEqual(["HEAD", "COPY"]);
  });

  it("are for at() those of versions, and 1 GET or HEAD a value", async () => {
    const past = at(map, now());
    expect(await sent(() => expect(past.get("a")).toBe("3"))).toEqual({ "GET versions": 2, "GET object": 1 });
    expect(await sent(() => expect(past.has("c")).toBe(true))).toEqual({ "GET versions": 1 });
    expect(await sent(() => expect(past.head("c")?.size).toBe(1))).toEqual({
      "GET versions": 1,
      "HEAD object": 1,
    });
    // Five versions of all keys.
    for (const list of [() => [...past.keys()], () => past.size])
      expect(await sent(list)).toEqual({ "GET versions": 3 });
    expect(await sent(() => expect([...past]).toHaveLength(3))).toEqual({
      "GET versions": 3,
      "GET object": 3,
    });
  });
});
