import { S3BucketMap } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// A proxy before a service may send a write twice, and pass on the refusal of the second. The id of the write shows it.

jest.setTimeout(30_000);

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

const refusals = [
  { status: 412, code: "PreconditionFailed" },
  { status: 404, code: "NoSuchKey" },
  { status: 409, code: "ConditionalRequestConflict" },
];

describe.each(["atomics", "deasync"] as const)("with wait %s,", (wait) => {
  let map: S3BucketMap;
  let etag: string;
  beforeEach(() => {
    const credentials = { accessKeyId: wait, secretAccessKey: "secret" };
    map = new S3BucketMap("bucket", {
      endpoint: server.endpoint,
      region: "us-east-1",
      credentials,
      wait,
      prefix: `${wait}/`,
    });
    map.clear();
    // The service is tried here.
    map.create("key", "1");
    etag = map.head("key")!.etag;
    server.reset();
  });

  describe.each(refusals)("a PUT refused with $status", (refusal) => {
    const times = refusal.status === 409 ? 5 : 1;

    it("has happened where its id is there: set with ifMatch", () => {
      server.fault({ operation: "PUT", times, action: { ...refusal, applied: true } });
      map.set("key", "2", { ifMatch: etag });
      expect(server.counts()).toMatchObject({ PUT: times, HEAD: 1, total: times + 1 });
      expect(map.get("key")).toBe("2");
    });

    it("has happened where its id is there: update", () => {
      server.fault({ operation: "PUT", times, action: { ...refusal, applied: true } });
      const change = jest.fn((value = "") => `${value}!`);
      expect(map.update("key", change)).toBe("1!");
      expect(change).toHaveBeenCalledTimes(1);
      expect(map.get("key")).toBe("1!");
    });

    it("is believed where its id is not there, after one HEAD", () => {
      server.fault({ operation: "PUT", times, action: refusal });
      expect(() => map.set("key", "2", { ifMatch: etag })).toThrow(
        expect.objectContaining({
          code: refusal.status === 409 ? "TooMuchContention" : "PreconditionFailed",
          message: expect.not.stringContaining("may still have happened") as string,
        }) as Error,
      );
      expect(server.counts()).toMatchObject({ PUT: times, HEAD: 1, total: times + 1 });
      expect(map.get("key")).toBe("1");
    });
  });

  it("create has won where each PUT was refused with 409, and the first was carried out", () => {
    const [, , conflict] = refusals;
    server.fault({ operation: "PUT", action: { ...conflict!, applied: true } });
    server.fault({ operation: "PUT", times: 4, action: conflict! });
    expect(map.create("lock", "mine")).toBe(true);
    expect(server.counts()).toMatchObject({ PUT: 5, HEAD: 1 });
    expect(map.get("lock")).toBe("mine");
  });
});
