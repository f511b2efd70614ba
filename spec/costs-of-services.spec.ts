import { S3BucketMap } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3, HttpS3Options } from "./support/http-s3.js";

// What docs/costs.md says of requests that only some services cost.

jest.setTimeout(30_000);

let server: HttpS3;
afterEach(() => server.close());

function open(accessKeyId = "key"): S3BucketMap {
  const { endpoint } = server;
  const credentials = { accessKeyId, secretAccessKey: "secret" };
  return new S3BucketMap("bucket", { endpoint, region: "us-east-1", credentials, prefix: "p/" });
}

/** How many requests a use takes. */
function cost(use: () => unknown): number {
  server.reset();
  use();
  return server.counts().total;
}

describe("what a trial of conditions costs", () => {
  it.each<[string, HttpS3Options["conditions"], number, number]>([
    ["a service that keeps to them", undefined, 6, 4],
    ["one that wants ETags without their quotes", "bare", 8, 6],
  ])("once, at %s", async (_name, conditions, ofPut, ofDelete) => {
    server = await startHttpS3(conditions === undefined ? {} : { conditions });
    const map = open();
    map.set("other", "1");
    expect(cost(() => map.create("key", "1"))).toBe(ofPut + 1);
    expect(cost(() => map.update("key", () => "2"))).toBe(2);
    expect(cost(() => map.update("key", () => undefined))).toBe(2 + ofDelete);
    expect(cost(() => map.update("other", () => undefined))).toBe(2);
  });

  it("of a deletion is less at a service that ignores them of a DELETE, which is refused from then on", async () => {
    server = await startHttpS3({ conditions: "ignored by DELETE" });
    const map = open();
    map.create("key", "1");
    const isRefused = (): void =>
      expect(() => map.update("key", () => undefined)).toThrow("If-Match of a DELETE");
    expect(cost(isRefused)).toBe(1 + 3);
    expect(cost(isRefused)).toBe(1);
  });
});

describe("what a missing key costs", () => {
  it("at a service whose answers have no request id is a HEAD and a GET each time", async () => {
    server = await startHttpS3({ quirks: true });
    const map = open("no-request-ids");
    map.set("here", "1");
    expect(cost(() => map.get("here"))).toBe(1);
    for (let turn = 0; turn < 2; turn += 1) {
      server.reset();
      expect(map.has("missing")).toBe(false);
      expect(server.counts()).toMatchObject({ HEAD: 1, GET: 1, total: 2 });
      expect(cost(() => map.has("here"))).toBe(1);
    }
  });

  it("at any other is a HEAD, once a plain answer has shown that the bucket exists", async () => {
    server = await startHttpS3();
    open("filling").set("here", "1");
    const proofs: [string, (map: S3BucketMap) => unknown][] = [
      ["GET", (map) => map.get("here")],
      ["GET of a missing key", (map) => map.get("missing")],
      ["PUT", (map) => map.set("there", "1")],
      ["DELETE", (map) => map.delete("there")],
      ["LIST", (map) => map.size],
      ["HEAD", (map) => map.has("here")],
    ];
    for (const [name, proof] of proofs) {
      const map = open(name);
      proof(map);
      expect([name, cost(() => map.has("missing"))]).toEqual([name, 1]);
    }
  });
});
