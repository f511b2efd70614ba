import { asMap, asObject, batch, s3Bucket, S3BucketMap } from "../lib/index.js";
import { json, readonly, writeBuffer } from "../lib/layers/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { thrownBy } from "./support/local-maps.js";

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());

const picture = Buffer.from([0x89, 0x50]);

describe.each(["atomics", "deasync"] as const)("S3BucketMap#as(), wait: %s", (wait) => {
  let map: S3BucketMap;
  beforeEach(() => {
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    map = new S3BucketMap("bucket", { endpoint: server.endpoint, credentials, prefix: "a/", wait });
    map.clear();
    map.set("picture", picture).set("text", "ú");
    server.reset();
  });

  it("is the same map with the other reading, and sends nothing", () => {
    const bytes = map.as("bytes");
    expect(server.counts().total).toBe(0);
    expect([bytes.get("picture"), bytes.as("string").get("text")]).toEqual([picture, "ú"]);
    expect([...bytes.getMany(["picture", "text"]).values()]).toEqual([picture, Buffer.from("ú")]);
    expect([...bytes.entries()]).toEqual([...bytes.subMap("").entries()]);
    expect([...bytes.subMap("pic")]).toEqual([["ture", picture]]);
    expect(bytes.update("text", (text) => Buffer.concat([text!, picture.subarray(1)]))).toEqual(
      Buffer.from("úP"),
    );
    expect([map.get("text"), { ...asObject(map.subMap("te").as("bytes")) }]).toEqual([
      "úP",
      { xt: Buffer.from("úP") },
    ]);
    expect(thrownBy(() => map.get("picture"))).toMatchObject({ code: "NotUtf8" });
  });

  it("shares the batch of its map", () => {
    server.reset();
    batch(map, () => {
      map.as("bytes").set("text", picture);
      expect(map.as("bytes").get("text")).toEqual(picture);
      map.as("bytes").delete("text");
    });
    expect(server.counts()).toMatchObject({ PUT: 1, GET: 1, DELETE: 1, total: 3 });
    expect(map.as("bytes").has("text")).toBe(false);
  });

  it("stays open when its map is closed, which then makes no other", () => {
    const bytes = map.as("bytes");
    map.close();
    expect(bytes.get("picture")).toEqual(picture);
    expect(thrownBy(() => map.as("bytes"))).toMatchObject({ code: "Closed", operation: "as" });
    const other = bytes.as("bytes");
    bytes.close();
    expect(other.get("picture")).toEqual(picture);
  });

  it("refuses any other reading, and says over a layer where it belongs", () => {
    expect(() => map.as("text" as "string")).toThrow(
      /The option readAs must be "string" or "bytes", not "text"/,
    );
    for (const layer of [json(map), readonly(map), writeBuffer(map)]) {
      const asked = layer as unknown as S3BucketMap;
      expect(() => asked.as("bytes")).toThrow(
        /as, which is a method of S3BucketMap\. Put \w+ over map\.as\(…\)/,
      );
    }
    expect(server.counts().total).toBe(0);
  });

  it("is behind an object of s3Bucket, whose map takes bytes", () => {
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    const bucket = s3Bucket("bucket", { endpoint: server.endpoint, credentials, prefix: "a/", wait });
    asMap(bucket).set("pic", picture);
    expect(asMap(bucket).as("bytes").get("pic")).toEqual(picture);
  });
});
