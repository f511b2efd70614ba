import { S3BucketMap } from "../lib/index.js";
import { cache, gzip, json, structured, transform, writeBuffer } from "../lib/layers/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// `head` of a missing key has no ETag to give: a write that is to be bound to it must not be bound to nothing.

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());

type Settable = { set(key: string, value: string, options?: object): unknown };

const layers: Record<string, (map: S3BucketMap) => Settable> = {
  "no layer": (map) => map,
  "a sub-map": (map) => map.subMap("sub/"),
  json: (map) => json(map) as Settable,
  structured: (map) => structured(map as never),
  gzip: (map) => gzip(map as never),
  transform: (map) => transform(map, { encode: (text: string) => text, decode: (text) => text }),
  cache: (map) => cache(map, { ttl: 1000 }),
  writeBuffer: (map) => writeBuffer(map),
  "json of writeBuffer": (map) => json(writeBuffer(map)) as Settable,
};

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  it.each(Object.keys(layers))(
    "%s: an ifMatch of undefined is a TypeError, and nothing is written",
    (name) => {
      server.reset();
      const map = new S3BucketMap("bucket", {
        endpoint: server.endpoint,
        region: "us-east-1",
        credentials: { accessKeyId: "id", secretAccessKey: "secret" },
        readAs: name === "gzip" || name === "structured" ? "bytes" : "string",
        wait,
      } as never);
      const target = layers[name]!(map);
      const write = (): unknown =>
        target.set("key", name === "gzip" ? (Buffer.from("value") as never) : "value", {
          ifMatch: undefined,
        });
      expect(write).toThrow(TypeError);
      expect(write).toThrow(/ifMatch is undefined.*use create/);
      if ("flush" in target) (target as { flush(): void }).flush();
      expect(server.counts().PUT).toBe(0);
    },
  );
});
