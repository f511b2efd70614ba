import { gzipSync } from "node:zlib";
import { gzip } from "../../lib/layers/index.js";
import { internals, internalsOf } from "../../lib/map/internals.js";
import type { Internals } from "../../lib/map/internals.js";
import type { SyncMap } from "../../lib/index.js";
import { useLocalS3 } from "../support/local-maps.js";

const place = useLocalS3();

/** A base that tells another Content-Encoding than the local S3 would. */
function telling(base: SyncMap<Buffer>, contentEncoding: string): SyncMap<Buffer> {
  const inner = internalsOf(base);
  const told: Internals<Buffer> = {
    ...inner,
    get: (key, needs) => ({ ...inner.get(key, needs)!, contentEncoding }),
  };
  return new Proxy(base, {
    get(target, name) {
      if (name === internals) return told;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

describe("aws-chunked in the Content-Encoding of what gzip reads", () => {
  it.each([
    ["gzip,aws-chunked", true],
    ["aws-chunked, gzip", true],
    ["GZIP ,\tAWS-Chunked", true],
    ["aws-chunked,gzip,aws-chunked", true],
    ["gzip,", true],
    ["aws-chunked", false],
    [" aws-chunked , identity", false],
    ["", false],
  ])("says nothing of the value: %s", (contentEncoding, isCompressed) => {
    const { bytes } = place();
    bytes.set("key", isCompressed ? gzipSync("words") : "words");
    const map = gzip(telling(bytes, contentEncoding), { algorithm: "brotli" });
    expect(String(map.get("key"))).toBe("words");
  });
});
