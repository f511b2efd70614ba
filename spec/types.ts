import { asMap, asObject, copyAll, s3Bucket, S3BucketMap, s3Buckets } from "../lib/index.js";
import type {
  BucketObject,
  CopyAllOptions,
  CopyOptions,
  DiagnoseOptions,
  LinkOptions,
  ListEntriesOptions,
  ListOptions,
  ObjectHead,
  ObjectOptions,
  ReadAs,
  S3BucketOptions,
  S3Buckets,
  S3BucketsOptions,
  SyncMap,
} from "../lib/index.js";
import { cache, edit, gzip, transform, writeBuffer } from "../lib/layers/index.js";
import type { CacheOptions, GzipOptions, WriteBufferOptions } from "../lib/layers/index.js";
import { contract } from "../lib/testing/index.js";
import type { ContractOptions } from "../lib/testing/index.js";

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
  // What is declared as S3BucketOptions reads strings, also where a function is given it.
  is<BucketObject<string, S3BucketMap>>()(s3Bucket("bucket", options), true);
  is<S3BucketMap>()(new S3BucketMap("bucket", { ...options, prefix: "b/" }), true);
  is<string | undefined>()(s3Bucket("bucket", options).x, true);
  is<S3BucketMap>()(wrapped(options), true);
  is<S3BucketMap<"bytes">>()(wrapped({ readAs: "bytes" }), true);
  const bytes: S3BucketOptions<"bytes"> = { readAs: "bytes" };
  is<BucketObject<Buffer, S3BucketMap<"bytes">>>()(s3Bucket("bucket", bytes), true);
  is<S3BucketMap<"bytes">>()(new S3BucketMap("bucket", { ...options, readAs: "bytes" }), true);
  declared<ReadAs>((readAs) => {
    is<S3BucketMap<ReadAs>>()(new S3BucketMap("bucket", { readAs }), true);
    is<string | Buffer | undefined>()(s3Bucket("bucket", { readAs })["x"], true);
  });
  const all: S3BucketsOptions = { region: "eu-west-1" };
  is<S3Buckets>()(s3Buckets(all), true);
  is<S3Buckets<Buffer>>()(s3Buckets({ ...all, readAs: "bytes" }), true);
  // @ts-expect-error -- strings, unless its type says otherwise
  const wrong: S3BucketOptions = { readAs: "bytes" };
  void wrong;
  // @ts-expect-error -- misspelt
  s3Bucket("bucket", { timeoutMS: 1000 });
  // @ts-expect-error -- no such wait
  s3Bucket("bucket", { wait: "spin" });
  // @ts-expect-error -- a provider cannot cross threads
  s3Bucket("bucket", { credentials: () => Promise.resolve({ accessKeyId: "", secretAccessKey: "" }) });
  // @ts-expect-error -- a bucket is needed
  s3Bucket();
}

function wrapped<As extends ReadAs = "string">(options: S3BucketOptions<As> = {}): S3BucketMap<As> {
  return new S3BucketMap("bucket", options);
}

/** Undefined counts as left out, as in `{ region: process.env.REGION }`, wherever it does so at run time. */
export function undefinedOptions(): void {
  declared<Undefined<S3BucketOptions>>((options) => s3Bucket("bucket", options));
  declared<Undefined<S3BucketsOptions>>((options) => s3Buckets(options));
  const credentials = { accessKeyId: "", secretAccessKey: "", sessionToken: process.env["TOKEN"] };
  const map = new S3BucketMap("bucket", { credentials, region: process.env["REGION"] });
  declared<Undefined<ObjectOptions>>((options) => {
    map.set("a", "text", options).setMany([], options);
    map.create("a", "text", options);
    map.update("a", () => "text", options);
    map.putFile("a", "file", options);
    edit(map, "a", () => "text", options);
  });
  declared<Undefined<ListOptions>>((options) => {
    map.keys(options);
    map.entries(options);
    map.values(options);
  });
  declared<Undefined<ListEntriesOptions>>((options) => map.list(options));
  declared<Undefined<LinkOptions>>((options) => map.url("a", options));
  declared<Undefined<CopyOptions>>((options) => map.copy("a", "b", options));
  declared<Undefined<CopyAllOptions>>((options) => copyAll(map, map, options));
  declared<Undefined<DiagnoseOptions>>((options) => map.diagnose(options));
  declared<Undefined<CacheOptions>>((options) => cache(map, options));
  declared<Undefined<WriteBufferOptions>>((options) => writeBuffer(map, options));
  declared<Undefined<GzipOptions>>((options) => gzip(map.as("bytes"), options));
  const dates = { encode: String, decode: (text: string) => new Date(text) };
  transform(map, { ...dates, name: undefined, contentType: undefined });
  declared<Undefined<ContractOptions>>((options) => {
    const define = (): void => {};
    contract({ ...options, describe: define, it: define, make: () => map });
  });
  // These are refused at run time, so they are here.
  // @ts-expect-error -- a condition of nothing
  map.set("a", "text", { ifMatch: undefined });
  // @ts-expect-error -- the version of nothing
  map.get("a", { versionId: undefined });
  // @ts-expect-error -- a header of nothing
  map.set("a", "text", { metadata: { a: undefined } });
}

/** Every option, undefined. */
type Undefined<Options> = { [Name in OptionalOf<Options>]: undefined };
type OptionalOf<Options> = {
  [Name in keyof Options]-?: object extends Pick<Options, Name> ? Name : never;
}[keyof Options];
declare function declared<T>(use: (value: T) => void): void;
