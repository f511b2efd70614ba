import { asMap, asObject, s3Bucket, S3BucketMap } from "../lib/index.js";
import type { BucketObject, ObjectHead, S3BucketOptions, SyncMap } from "../lib/index.js";

// Type tests: nothing here runs. `npm run typecheck` fails where a line does not have the type that it
// claims, or where one compiles that must not.

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function is<Expected>(): <Actual>(value: Actual, same: Same<Actual, Expected>) => void;

export function strings(): void {
  const bucket = s3Bucket("bucket");
  is<BucketObject<string, S3BucketMap>>()(bucket, true);
  is<S3BucketMap>()(asMap(bucket), true);
  asMap(bucket).set("picture", Buffer.of(1)).diagnose();
  const any: BucketObject<string> = bucket;
  is<SyncMap<string>>()(asMap(any), true);
  // Every property, the names of Object.prototype included, is a key.
  is<string | undefined>()(bucket.testKey, true);
  is<string | undefined>()(bucket["odd key"], true);
  is<string | undefined>()(bucket.toString, true);
  is<string | undefined>()(bucket.constructor, true);
  is<string | undefined>()(bucket.hasOwnProperty, true);
  is<string | undefined>()(bucket.then, true);
  is<string | undefined>()(bucket[0], true);
  bucket.testKey = "value";
  bucket.toString = "value";
  bucket["testKey"] += "more";
  // @ts-expect-error -- it may not be there
  void bucket.unread.length;
  // @ts-expect-error -- a property, not Object.prototype's method
  bucket.toString();
  // @ts-expect-error -- no numbers
  bucket.testKey = 1;
  // @ts-expect-error -- no null
  bucket.testKey = null;
  // @ts-expect-error -- what reads do not give; the map's set takes it
  bucket.testKey = Buffer.from("value");
  // @ts-expect-error -- no symbols
  bucket[Symbol.iterator] = "value";
  // @ts-expect-error -- an object, not a Map
  bucket.set("testKey", "value");
  // @ts-expect-error -- not iterable
  for (const entry of bucket) void entry;

  delete bucket.testKey;
  delete bucket.toString;
  is<boolean>()("testKey" in bucket, true);
  const { first, other = "default", ...rest } = bucket;
  is<string | undefined>()(first, true);
  is<string>()(other, true);
  is<string | undefined>()(rest["more"], true);
  for (const key in bucket) is<string>()(key, true);
  is<string[]>()(Object.keys(bucket), true);
  is<[string, string | undefined][]>()(Object.entries(bucket), true);
  is<string | undefined>()({ ...bucket }["testKey"], true);
  const record: Record<string, string | undefined> = bucket;
  Object.assign(bucket, record, { a: "1" });
  // @ts-expect-error -- a value may be missing
  const full: Record<string, string> = bucket;
  void full;
}

export function bytes(): void {
  const bucket = s3Bucket("bucket", { readAs: "bytes" });
  is<Buffer | undefined>()(bucket.testKey, true);
  bucket.testKey = Buffer.from("value");
  // @ts-expect-error -- assignment takes what reads give; the map's set takes both
  bucket.testKey = "value";
  const map = new S3BucketMap("bucket", { readAs: "bytes" });
  is<Buffer | undefined>()(map.get("a"), true);
  is<Map<string, Buffer>>()(map.getMany(["a"]), true);
  map.set("a", "text").set("a", new Uint8Array(1)).set("a", new ArrayBuffer(1));
  is<S3BucketMap<"bytes">>()(map.subMap("sub/"), true);
}

export function maps(): void {
  const map = new S3BucketMap("bucket");
  is<string | undefined>()(map.get("a"), true);
  is<boolean>()(map.has("a"), true);
  is<number>()(map.size, true);
  is<ObjectHead | undefined>()(map.head("a"), true);
  for (const [key, value] of map) {
    is<string>()(key, true);
    is<string>()(value, true);
  }
  map.set("a", "text", { contentType: "text/html", metadata: { a: "b" } }).set("a", Buffer.of(1));
  // @ts-expect-error -- no numbers
  map.set("a", 1);
  // @ts-expect-error -- an unknown option
  map.set("a", "text", { contenttype: "text/html" });
  // @ts-expect-error -- an unknown option
  map.keys({ startsWith: "a" });
  // @ts-expect-error -- a single key is not many
  map.getMany(1);
  // @ts-expect-error -- counted, not set
  map.size = 1;
  const sync: SyncMap<string> = map;
  void sync;
}

export function objects(): void {
  const map = new S3BucketMap("bucket");
  is<BucketObject<string, S3BucketMap>>()(asObject(map), true);
  is<S3BucketMap>()(asMap(asObject(map)), true);
  is<S3BucketMap<"bytes">>()(map.as("bytes"), true);
  // @ts-expect-error -- no such reading
  map.as("text");
  for (const { key, prefix, size, etag, lastModified } of map.list({ delimiter: "/" })) {
    is<string | undefined>()(key, true);
    is<string | undefined>()(prefix, true);
    is<number | undefined>()(size, true);
    is<string | undefined>()(etag, true);
    is<Date | undefined>()(lastModified, true);
  }
  // Over any map, its type.
  const numbers = asObject(new Map<string, number>());
  is<number | undefined>()(numbers.a, true);
  numbers.a = 1;
  // @ts-expect-error -- the map's type
  numbers.a = "1";
  // @ts-expect-error -- no map
  asObject({});
  // @ts-expect-error -- its keys are no strings
  asObject(new Map<number, string>());
}

export function options(): void {
  const options: S3BucketOptions = { prefix: "a/", wait: "deasync", timeoutMs: 1000 };
  s3Bucket("bucket", options);
  // @ts-expect-error -- misspelt
  s3Bucket("bucket", { timeoutMS: 1000 });
  // @ts-expect-error -- no such wait
  s3Bucket("bucket", { wait: "spin" });
  // @ts-expect-error -- a provider cannot cross threads
  s3Bucket("bucket", { credentials: () => Promise.resolve({ accessKeyId: "", secretAccessKey: "" }) });
  // @ts-expect-error -- a bucket is needed
  s3Bucket();
}
