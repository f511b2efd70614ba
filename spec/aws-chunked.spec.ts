import { S3BucketMap } from "../lib/index.js";
import type { SetOptions } from "../lib/index.js";
import { json, writeBuffer } from "../lib/layers/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// S3 drops aws-chunked from a Content-Encoding, for it says how a body is sent: asked for by a program, it would be lost.

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());

const writes: [string, (map: S3BucketMap, options: SetOptions) => unknown][] = [
  ["set", (map, options) => map.set("k", "v", options)],
  ["setMany", (map, options) => map.setMany([["k", "v"]], options)],
  ["create", (map, options) => map.create("k", "v", options)],
  ["update", (map, options) => map.update("k", () => "v", options)],
  ["set of json", (map, options) => json(map).set("k", "v", options)],
  ["set of writeBuffer", (map, options) => writeBuffer(map).set("k", "v", options)],
];

describe.each(writes)("%s", (_name, write) => {
  it.each(["aws-chunked", "Aws-Chunked", "gzip, aws-chunked", "aws-chunked , GZIP", "br, aws-chunked,gzip"])(
    "refuses a contentEncoding of %j, and sends nothing",
    (contentEncoding) => {
      const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
      const map = new S3BucketMap("bucket", { endpoint: server.endpoint, credentials });
      server.reset();
      expect(() => write(map, { contentEncoding })).toThrow(TypeError);
      expect(() => write(map, { contentEncoding })).toThrow('must not contain "aws-chunked"');
      expect(server.counts().total).toBe(0);
    },
  );

  it("takes one that only contains the word", () => {
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    const map = new S3BucketMap("bucket", { endpoint: server.endpoint, credentials });
    map.clear();
    expect(() => write(map, { contentEncoding: "x-aws-chunked" })).not.toThrow();
    map.clear();
  });
});
