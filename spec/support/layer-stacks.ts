import type { S3BucketMap, SyncMap } from "../../lib/index.js";
import * as exported from "../../lib/layers/index.js";
import {
  cache,
  encrypt,
  expire,
  gzip,
  json,
  live,
  structured,
  text,
  transform,
  validate,
  writeBuffer,
} from "../../lib/layers/index.js";
import type { StandardSchema } from "../../lib/layers/index.js";
import type { MapUnderTest } from "./map-under-test.js";

/** A way to stack layers, as far as the contract of strings goes. */
export interface Stack extends Omit<MapUnderTest, "make"> {
  over: (base: S3BucketMap<"bytes">, strings: S3BucketMap) => SyncMap<string>;
}

export const secret: Buffer = Buffer.from("0123456789abcdef0123456789abcdef");

/** All layers, by name: a spec that has something for each layer compares with them, so that none is forgotten. */
export const layerNames: readonly string[] = Object.keys(exported)
  .filter((name) => !["edit", "purge"].includes(name))
  .sort();

const asJson: Omit<Stack, "over"> = {
  headOf: { size: 4, contentType: "application/json" },
  takes: ["null", "a number", "a plain object", "an array", "a lone surrogate"],
};
const asStructured: Omit<Stack, "over"> = {
  headOf: { size: 11, contentType: "application/octet-stream" },
  takes: ["null", "a number", "a Date", "a plain object", "an array", "a lone surrogate"],
};
const reversed = (map: SyncMap<string>): SyncMap<string> =>
  transform(map, {
    name: "reversed",
    encode: (value: string) => {
      if (typeof value !== "string" || !value.isWellFormed()) throw new TypeError("not a string");
      return [...value].reverse().join("");
    },
    decode: (stored) => [...stored].reverse().join(""),
  });

export const anyString: StandardSchema<string> = {
  "~standard": {
    version: 1,
    vendor: "specs",
    validate: (value) =>
      typeof value === "string" ? { value } : { issues: [{ message: "it is no string", path: [] }] },
  },
};
const asJsonString: Omit<Stack, "over"> = { ...asJson, takes: ["a lone surrogate"] };

/** Each layer by itself. */
export const layers: Readonly<Record<string, Stack>> = {
  transform: { over: (_bytes, strings) => reversed(strings) },
  text: { over: (bytes) => text(bytes) },
  json: { over: (_bytes, strings) => json<string>(strings), ...asJson },
  "json over bytes": { over: (bytes) => json<string>(bytes), ...asJson },
  structured: { over: (bytes) => structured<string>(bytes), ...asStructured },
  gzip: { over: (bytes) => text(gzip(bytes)), headOf: { size: 22 } },
  "gzip, deflate": { over: (bytes) => text(gzip(bytes, { algorithm: "deflate" })), headOf: { size: 10 } },
  "gzip, brotli": { over: (bytes) => text(gzip(bytes, { algorithm: "brotli" })), headOf: { size: 6 } },
  encrypt: { over: (bytes) => text(encrypt(bytes, secret)), headOf: { size: 45 } },
  cache: { over: (_bytes, strings) => cache(strings) },
  "cache with a ttl": { over: (_bytes, strings) => cache(strings, { ttl: Infinity, max: 10 }) },
  writeBuffer: { over: (_bytes, strings) => writeBuffer(strings) },
  validate: { over: (_bytes, strings) => validate(strings, anyString) },
  "validate over json": { over: (_bytes, strings) => validate(json(strings), anyString), ...asJsonString },
  expire: { over: (_bytes, strings) => expire(strings, 3_600_000) },
  "cache of bytes": { over: (bytes) => text(cache(bytes, { ttl: Infinity, revalidate: false })) },
};

/** Layers over layers, in any order that makes sense. */
export const stacks: Readonly<Record<string, Stack>> = {
  "text(gzip(encrypt(bytes)))": {
    over: (bytes) => text(gzip(encrypt(bytes, secret))),
    headOf: { size: 22 + 43 + "gzip".length },
  },
  "json(gzip(encrypt(bytes)))": {
    over: (bytes) => json<string>(gzip(encrypt(bytes, secret), { algorithm: "brotli" })),
    ...asJson,
    headOf: { size: 8 + 43 + "br".length, contentType: "application/json" },
  },
  "text(encrypt(gzip(bytes)))": {
    over: (bytes) => text(encrypt(gzip(bytes), secret)),
    // What is encrypted is as good as random, and so is how far it can be compressed: it differs from write to write.
    headOf: { size: "any" },
  },
  "text(gzip(gzip(bytes)))": {
    over: (bytes) => text(gzip(gzip(bytes, { algorithm: "deflate" }), { algorithm: "brotli" })),
    headOf: { size: 6 + 8 },
  },
  "text(encrypt(encrypt(bytes)))": {
    over: (bytes) => text(encrypt(encrypt(bytes, secret), Buffer.alloc(32))),
    headOf: { size: 2 + 43 + 43 },
  },
  "structured(encrypt(bytes))": {
    over: (bytes) => structured<string>(encrypt(bytes, secret)),
    ...asStructured,
    headOf: { size: 11 + 43, contentType: "application/octet-stream" },
  },
  "structured(gzip(cache(bytes)))": {
    over: (bytes) => structured<string>(gzip(cache(bytes))),
    ...asStructured,
    headOf: { size: 31, contentType: "application/octet-stream" },
  },
  "json(cache(strings))": { over: (_bytes, strings) => json<string>(cache(strings)), ...asJson },
  "cache(json(strings))": {
    over: (_bytes, strings) => cache(json<string>(strings), { ttl: Infinity }),
    ...asJson,
  },
  "cache(text(gzip(bytes)))": {
    over: (bytes) => cache(text(gzip(bytes)), { ttl: 3_600_000 }),
    headOf: { size: 22 },
  },
  "cache(cache(strings))": { over: (_bytes, strings) => cache(cache(strings, { ttl: 3_600_000 })) },
  "json(text(cache(gzip(encrypt(bytes)))))": {
    over: (bytes) => json<string>(text(cache(gzip(encrypt(bytes, secret)), { max: 3, ttl: 3_600_000 }))),
    ...asJson,
    headOf: { size: 24 + 43 + "gzip".length, contentType: "application/json" },
  },
  "transform(json(gzip(bytes)))": {
    over: (bytes) => reversed(json<string>(gzip(bytes))),
    headOf: { size: 24, contentType: "application/json" },
  },
  "cache(validate(json(cache(strings))))": {
    over: (_bytes, strings) => cache(validate(json(cache(strings)), anyString), { ttl: Infinity }),
    ...asJsonString,
  },
  "json(validate(text(gzip(bytes))))": {
    over: (bytes) => json<string>(validate(text(gzip(bytes)), anyString)),
    ...asJson,
    headOf: { size: 24, contentType: "application/json" },
  },
  "writeBuffer(validate(structured(encrypt(bytes))))": {
    over: (bytes) => writeBuffer(validate(structured(encrypt(bytes, secret)), anyString), { max: 5 }),
    takes: ["a lone surrogate"],
    headOf: { size: 11 + 43, contentType: "application/octet-stream" },
  },
  "live(json(strings))": { over: (_bytes, strings) => live(json<string>(strings)), ...asJson },
  "live(structured(gzip(bytes)))": {
    over: (bytes) => live(structured<string>(gzip(bytes))),
    ...asStructured,
    headOf: { size: 31, contentType: "application/octet-stream" },
  },
  "json(expire(cache(strings)))": {
    over: (_bytes, strings) => json<string>(expire(cache(strings, { ttl: Infinity }), 3_600_000)),
    ...asJson,
  },
  "expire(writeBuffer(text(gzip(bytes))))": {
    over: (bytes) => expire(writeBuffer(text(gzip(bytes)), { max: 5 }), 3_600_000),
    headOf: { size: 22 },
  },
  "json(writeBuffer(strings))": { over: (_bytes, strings) => json<string>(writeBuffer(strings)), ...asJson },
  "writeBuffer(json(gzip(encrypt(bytes))))": {
    over: (bytes) => writeBuffer(json<string>(gzip(encrypt(bytes, secret))), { max: 5 }),
    ...asJson,
    headOf: { size: 24 + 43 + "gzip".length, contentType: "application/json" },
  },
  "cache(writeBuffer(strings))": {
    over: (_bytes, strings) => cache(writeBuffer(strings)),
  },
  "writeBuffer(cache(strings))": {
    over: (_bytes, strings) => writeBuffer(cache(strings, { ttl: 3_600_000 })),
  },
};
